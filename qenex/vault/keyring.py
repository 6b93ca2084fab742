"""Data keys, ready for use: looked up, unwrapped once, made where there is none yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from qenex.kernel import clock, events, transactions
from qenex.kernel.ids import uuid7
from qenex.vault import aead, providers, subjects
from qenex.vault.cache import Cache
from qenex.vault.encoding import parts
from qenex.vault.errors import ProviderUnavailable, Shredded, Tampered
from qenex.vault.models import DataKey, SigningKey
from qenex.vault.providers import Kek

Use = DataKey.Use
Owner = tuple[str, str, str]
"""use, subject, purpose"""


@dataclass(frozen=True, slots=True)
class Key:
    """An unwrapped data key. Its bytes are never shown."""

    id: UUID
    version: int
    subject: str
    purpose: str
    cipher: aead.Cipher
    extended: aead.Extended
    secret: "Secret"


class Secret(bytes):
    """Bytes that do not show themselves in logs and tracebacks."""

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


def _seconds() -> float:
    return float(settings.KEY_CACHE_SECONDS)


def _count() -> int:
    return int(settings.KEY_CACHE_COUNT)


_by_id: Cache[UUID, Key] = Cache(_seconds, _count)
_live: Cache[Owner, UUID] = Cache(_seconds, _count)


def forget() -> None:
    """Unwraps every key anew from now on. Other processes go on with what they have until its time is over."""
    _by_id.clear()
    _live.clear()


def key(id: UUID) -> Key:
    """The key with this id. Raises Shredded, Tampered where there is no such key, and ProviderUnavailable."""
    found = _by_id.get(id)
    if found is None:
        preload([id])
        found = _by_id.get(id) or unwrap(_row(id))
    return found


def preload(ids: Iterable[UUID]) -> None:
    """Unwraps the keys that are not at hand with one query, for a list of values of many subjects."""
    missing = [id for id in set(ids) if _by_id.get(id) is None]
    if not missing:
        return
    era = _by_id.era()
    for row in DataKey.objects.filter(pk__in=missing, shredded_at=None):
        _by_id.put(row.pk, unwrap(row), era)


def live(purpose: str, subject: str = "", use: str = Use.SEAL) -> Key:
    """The key that seals now, made where there is none. Raises Shredded, and ProviderUnavailable."""
    owner = (str(use), subject, purpose)
    id = _live.get(owner)
    if id is not None:
        return key(id)
    era = _live.era()
    row = _live_row(owner) or _make(owner)
    found = unwrap(row)
    # A row of the open transaction may yet be undone; nothing may be sealed under its key after that.
    transaction.on_commit(lambda: _remember(owner, found, era))
    return found


def wrap_aad(row: DataKey) -> bytes:
    """What a wrapped data key is bound to: a key does not open as that of somebody else."""
    return parts("qenex.vault.datakey", row.pk.bytes, row.use, row.subject, row.purpose, row.version)


def draft(owner: Owner, version: int) -> DataKey:
    """A new key, wrapped and not yet stored. Raises ProviderUnavailable."""
    use, subject, purpose = owner
    kek = newest_kek()
    row = DataKey(
        id=uuid7(),
        use=use,
        subject=subject,
        purpose=purpose,
        version=version,
        kek_id=kek.id,
        kek_version=kek.version,
        created_at=clock.now(),
    )
    row.wrapped = providers.by_kek(kek.id).wrap(kek, aead.new_key(), wrap_aad(row))
    return row


def newest_kek() -> Kek:
    """The key-encryption key for what is wrapped now. The first is made here, but never in the place of a lost one."""
    provider = providers.current()
    kek = provider.newest()
    if kek is not None:
        return kek
    if _wrapped_by(provider.name):
        raise ProviderUnavailable(f"the {provider.name} provider has lost its key-encryption keys; restore them")
    return provider.make(1)


def _wrapped_by(name: str) -> bool:
    return any(
        model._default_manager.filter(kek_id__startswith=f"{name}:", wrapped__isnull=False).exists()
        for model in (DataKey, SigningKey)
    )


def _row(id: UUID) -> DataKey:
    row = DataKey.objects.filter(pk=id).first()
    if row is None:
        raise Tampered("sealed bytes name a key that does not exist")
    return row


def _live_row(owner: Owner) -> DataKey | None:
    use, subject, purpose = owner
    return DataKey.objects.filter(use=use, subject=subject, purpose=purpose, retired_at=None).first()


def _make(owner: Owner) -> DataKey:
    """The first key of an owner. Within a transaction that has not seen another's it fails as one that is run again."""
    if connection.in_atomic_block:
        return _insert(owner)
    return transactions.run(lambda: _live_row(owner) or _insert(owner))


def _insert(owner: Owner) -> DataKey:
    subject = owner[1]
    names = {subject, subjects.whole(subject)}
    if subject and DataKey.objects.filter(subject__in=names, shredded_at__isnull=False).exists():
        raise Shredded("the subject's keys were shredded; nothing more is sealed for it")
    row = draft(owner, 1)
    DataKey.objects.bulk_create([row], ignore_conflicts=True)  # serializable: who is not first is told to try again
    stored = _live_row(owner)
    assert stored is not None
    if stored.pk == row.pk:
        _tell(row)
    return stored


def _tell(row: DataKey) -> None:
    """Writes the event, which does not say whose key it is: events outlive the subject's data."""
    data = {"use": str(row.use), "purpose": row.purpose, "version": row.version, "kek": row.kek_id}
    events.emit("vault.data_key.made", subject_type="data_key", subject_id=row.pk, data=data)


def _remember(owner: Owner, found: Key, era: int) -> None:
    # Both caches are only cleared together, so that one's era is the other's.
    _by_id.put(found.id, found, era)
    _live.put(owner, found.id, era)


def unwrap(row: DataKey) -> Key:
    """The key of a row, past every cache. Raises Shredded, Tampered and ProviderUnavailable."""
    if row.wrapped is None:
        raise Shredded("the key was shredded, and with it what it sealed")
    secret = Secret(providers.by_kek(row.kek_id).unwrap(row.kek_id, bytes(row.wrapped), wrap_aad(row)))
    return Key(row.pk, row.version, row.subject, row.purpose, aead.Cipher(secret), aead.Extended(secret), secret)
