"""Signing with versioned keys: who signs, what verifies, and for how long.

    signed = signing.sign("tokens", data)         # signed.kid, signed.algorithm, signed.signature
    for key in signing.public_keys("tokens"):     # all that verifiers may meet: next, active and retired keys
        key.jwk(), key.verify(data, signature)
    signing.rollover("tokens")                    # publishes the next key, which takes over when all have seen it

A key of a purpose is made at its first use. The list of keys is looked up again after `QENEX_KEY_CACHE_SECONDS` at
most; a next key is published longer than that before it signs.
"""

from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from qenex.kernel import clock
from qenex.vault import purposes
from qenex.vault.cache import Cache
from qenex.vault.models import SigningKey
from qenex.vault.publickeys import PublicKey, load
from qenex.vault.rollover import make_first
from qenex.vault.rollover import rollover as _rollover
from qenex.vault.signers import Signer, open_signer

__all__ = ["PublicKey", "Signature", "Signer", "forget", "public_keys", "rollover", "sign", "signer"]

PURPOSES_COUNT = 100
CACHE_SECONDS = 60.0
"""How long a process goes on with the keys that it knows of; shorter than any key is published ahead."""


class Signature(NamedTuple):
    """A signature and what names its key."""

    kid: str
    algorithm: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Pair:
    row: SigningKey
    public: PublicKey


def _seconds() -> float:
    return min(CACHE_SECONDS, float(settings.KEY_CACHE_SECONDS))


_pairs: Cache[str, list[_Pair]] = Cache(_seconds, lambda: PURPOSES_COUNT)
_signers: Cache[str, Signer] = Cache(_seconds, lambda: PURPOSES_COUNT)


def sign(purpose: str, data: bytes) -> Signature:
    """Signs with the purpose's active key. Raises ValueError for an unknown purpose, and ProviderUnavailable."""
    by = signer(purpose)
    return Signature(by.kid, by.algorithm, by.sign(data))


def signer(purpose: str) -> Signer:
    """The key that signs now; of those whose time has come, the newest. Raises as `sign`."""
    rows = [pair.row for pair in _published(purpose)]
    now = clock.now()
    # The first key signs from the start, also where this machine's clock is behind that of its maker.
    row = next((each for each in rows if each.not_before <= now), rows[-1])
    era = _signers.era()
    found = _signers.get(row.kid)
    if found is None:
        found = open_signer(row)
        _signers.put(row.kid, found, era)
    return found


def public_keys(purpose: str) -> list[PublicKey]:
    """The keys that verifiers may meet: the next, the active and those whose signatures still count; newest first."""
    return [pair.public for pair in _published(purpose)]


def rollover(purpose: str, *, compromised: bool = False) -> PublicKey:
    """Publishes the purpose's next key; see `qenex.vault.rollover.rollover`."""
    row = _rollover(purpose, compromised=compromised)
    transaction.on_commit(forget)
    return _pair(row).public


def forget() -> None:
    """Looks every key up again from now on."""
    _pairs.clear()
    _signers.clear()


def _published(purpose: str) -> list[_Pair]:
    found = _pairs.get(purpose)
    if found is None:
        found = _look_up(purpose)
    now = clock.now()
    return [pair for pair in found if pair.row.not_after is None or pair.row.not_after > now]


def _look_up(purpose: str) -> list[_Pair]:
    purposes.of(purpose)
    era = _pairs.era()
    rows = list(SigningKey.objects.filter(purpose=purpose).order_by("-version")) or [make_first(purpose)]
    found = [_pair(row) for row in rows]
    # Keys of the open transaction may yet be undone.
    transaction.on_commit(lambda: _pairs.put(purpose, found, era))
    return found


def _pair(row: SigningKey) -> _Pair:
    public = load(bytes(row.public))
    return _Pair(row, PublicKey(row.kid, row.algorithm, public, row.not_before, row.not_after))
