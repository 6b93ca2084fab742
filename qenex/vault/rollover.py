"""Making signing keys: the first of a purpose, and its successors."""

from collections.abc import Callable
from datetime import datetime

from django.db import connection

from qenex.kernel import clock, events, transactions
from qenex.kernel.ids import uuid7
from qenex.vault import keyring, providers, publickeys, purposes, signers
from qenex.vault.errors import RolloverPending
from qenex.vault.models import SigningKey


def make_first(purpose: str) -> SigningKey:
    """The purpose's first key, which signs from now on; what another process has just made, where it has."""
    purposes.of(purpose)
    return _run(lambda: _last(purpose) or _add(purpose, 1, clock.now()))


def rollover(purpose: str, *, compromised: bool = False) -> SigningKey:
    """Publishes the purpose's next key, which signs once everybody has seen it, and returns it.

    The key before it stays published until all that it signed has expired. With `compromised` the new key signs at once
    and the others are no longer published: what they signed is refused from then on.
    Raises RolloverPending while a next key waits for its time, ValueError for an unknown purpose, ProviderUnavailable.
    """
    times = purposes.of(purpose)
    return _run(lambda: _follow(purpose, times, compromised))


def _follow(purpose: str, times: purposes.Purpose, compromised: bool) -> SigningKey:
    now = clock.now()
    last = _last(purpose)
    if last is None:
        return _add(purpose, 1, now)
    if last.not_before > now and not compromised:
        raise RolloverPending(f"the next key of {purpose} signs from {last.not_before:%Y-%m-%d %H:%M:%S} UTC")
    starts = now if compromised else now + times.ahead
    _retire(purpose, last, starts, times, compromised)
    return _add(purpose, last.version + 1, starts, compromised)


def _retire(purpose: str, last: SigningKey, at: datetime, times: purposes.Purpose, compromised: bool) -> None:
    if compromised:
        published = SigningKey.objects.filter(purpose=purpose).exclude(not_after__lte=at)
        published.filter(retired_at__gt=at).update(retired_at=at)
        published.filter(retired_at=None).update(retired_at=at)
        published.update(not_after=at)
        return
    last.retired_at, last.not_after = at, None if times.kept is None else at + times.kept
    last.save(update_fields=["retired_at", "not_after"])


def _add(purpose: str, version: int, starts: datetime, compromised: bool = False) -> SigningKey:
    row = _draft(purpose, version, starts)
    row.save(force_insert=True)
    data = {
        "purpose": purpose,
        "version": version,
        "algorithm": row.algorithm,
        "not_before": starts.isoformat(),
        "compromised": compromised,
    }
    events.emit("vault.signing_key.made", subject_type="signing_key", subject_id=row.kid, data=data)
    return row


def _draft(purpose: str, version: int, starts: datetime) -> SigningKey:
    provider, id = providers.current(), uuid7()
    label = f"qenex-{purpose}-{id.hex}"
    algorithm = provider.algorithms()[0]
    made = provider.make_signing_key(label, algorithm)
    row = SigningKey(
        id=id,
        purpose=purpose,
        version=version,
        kid=publickeys.thumbprint(publickeys.load(made.public)),
        algorithm=algorithm,
        public=made.public,
        kek_id=f"{provider.name}:",
        label=label,
        created_at=clock.now(),
        not_before=starts,
    )
    if made.private is not None:
        kek = keyring.newest_kek()
        row.kek_id, row.kek_version = kek
        row.wrapped = provider.wrap(kek, made.private, signers.wrap_aad(row))
    return row


def _last(purpose: str) -> SigningKey | None:
    return SigningKey.objects.filter(purpose=purpose).order_by("-version").first()


def _run(command: Callable[[], SigningKey]) -> SigningKey:
    return command() if connection.in_atomic_block else transactions.run(command)
