"""Rotation: a new key-encryption key, every key wrapped under it, and on request every value under a new data key.

Each function is one batch in one transaction with one event, so that the work may stop anywhere and go on later, while
others read and write. Nothing becomes unreadable on the way: whatever names a key finds it.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import models, transaction
from django.db.models import F

from qenex.kernel import clock, events, transactions
from qenex.vault import keyring, providers, signers
from qenex.vault.models import DataKey, Rotation, SigningKey
from qenex.vault.providers import Kek

FIRST = UUID(int=0)


class Batch(NamedTuple):
    """What a batch has done, and where the next one begins."""

    seen: int
    changed: int
    last: UUID


def rotation_start(*, data: bool) -> tuple[Rotation, bool]:
    """A rotation to a new key-encryption key, or the one that was interrupted; and whether it is that one.

    `data`: with new data keys too. Raises ProviderUnavailable.
    """
    going = Rotation.objects.filter(finished_at=None).first()
    if going is not None and (going.data or not data):
        return going, True
    # Made before the transaction, which may run more than once; a version that stays unused does no harm.
    kek = _advance() if going is None else Kek(going.kek_id, going.kek_version)
    return transactions.run(lambda: _start(kek, data)), going is not None


def keys_rewrap(*, rotation: Rotation, model: type[DataKey] | type[SigningKey], after: UUID, limit: int) -> Batch:
    """Wraps the next keys under the rotation's key-encryption key, those that are not yet.

    Raises ProviderUnavailable, and Tampered for a wrapped key that does not open.
    """
    kek = Kek(rotation.kek_id, rotation.kek_version)

    def command() -> Batch:
        waiting = model._default_manager.filter(wrapped__isnull=False, pk__gt=after).exclude(kek_id=kek.id)
        rows: Sequence[DataKey | SigningKey] = list(waiting.order_by("pk").select_for_update()[:limit])
        for row in rows:
            _rewrap(row, kek)
        model._default_manager.bulk_update(rows, ["wrapped", "kek_id", "kek_version"])  # type: ignore[arg-type]  # of this model
        return _done(rotation, "vault.keys.rewrapped", rows, "keys", {"kind": model._meta.model_name})

    return transactions.run(command)


def keys_renew(*, rotation: Rotation, after: UUID, limit: int) -> Batch:
    """Gives the next owners of a data key that is older than the rotation a new version, which seals from then on."""

    def command() -> Batch:
        old = DataKey.objects.filter(
            use=DataKey.Use.SEAL,
            retired_at=None,
            shredded_at=None,
            created_at__lt=rotation.started_at,
            pk__gt=after,
        )
        rows = list(old.order_by("pk").select_for_update()[:limit])
        DataKey.objects.filter(pk__in=[row.pk for row in rows]).update(retired_at=clock.now())
        owners = [((row.use, row.subject, row.purpose), row.version + 1) for row in rows]
        DataKey.objects.bulk_create(keyring.draft(owner, version) for owner, version in owners)
        transaction.on_commit(keyring.forget)
        return _done(rotation, "vault.keys.renewed", rows, None, {})

    return transactions.run(command)


def rotation_finish(*, rotation: Rotation) -> Rotation:
    """Records that nothing is left to do."""

    def command() -> Rotation:
        row = Rotation.objects.select_for_update().get(pk=rotation.pk)
        if row.finished_at is None:
            row.finished_at = clock.now()
            row.save(update_fields=["finished_at"])
            data = {"kek": row.kek_id, "keys": row.keys, "values": row.values}
            events.emit("vault.rotation.finished", subject_type="rotation", subject_id=row.pk, data=data)
        return row

    return transactions.run(command)


def _start(kek: Kek, data: bool) -> Rotation:
    going = Rotation.objects.filter(finished_at=None).first()
    if going is not None:
        going.data = going.data or data
        going.save(update_fields=["data"])
    else:
        going = Rotation.objects.create(kek_id=kek.id, kek_version=kek.version, data=data, started_at=clock.now())
    details = {"kek": going.kek_id, "version": going.kek_version, "data": going.data}
    events.emit("vault.rotation.started", subject_type="rotation", subject_id=going.pk, data=details)
    return going


def _advance() -> Kek:
    newest = providers.current().newest()
    return providers.current().make(newest.version + 1) if newest else keyring.newest_kek()


def _rewrap(row: DataKey | SigningKey, kek: Kek) -> None:
    assert row.wrapped is not None
    aad = keyring.wrap_aad(row) if isinstance(row, DataKey) else signers.wrap_aad(row)
    secret = providers.by_kek(row.kek_id).unwrap(row.kek_id, bytes(row.wrapped), aad)
    row.wrapped = providers.by_kek(kek.id).wrap(kek, secret, aad)
    row.kek_id, row.kek_version = kek


def _done(
    rotation: Rotation, event: str, rows: Sequence[models.Model], counter: str | None, data: dict[str, object]
) -> Batch:
    if rows:
        if counter:
            Rotation.objects.filter(pk=rotation.pk).update(**{counter: F(counter) + len(rows)})
        details = {"count": len(rows), "kek": rotation.kek_id, **data}
        events.emit(event, subject_type="rotation", subject_id=rotation.pk, data=details)
    return Batch(len(rows), len(rows), rows[-1].pk if rows else FIRST)
