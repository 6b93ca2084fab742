"""Crypto-shredding: without its keys a subject's data is noise, in the database, its replicas and every new backup."""

import hashlib
import hmac
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Q

from qenex.kernel import clock, events, transactions
from qenex.vault import keyring, subjects
from qenex.vault.models import DataKey

TOMBSTONE = "erased"
"""The purpose of the key of a subject that had none when it was erased."""


class Destroyed(NamedTuple):
    """What became of a subject's keys."""

    keys: int
    purposes: list[str]


def crypto_shred(subject: models.Model | UUID | str) -> int:
    """Destroys every key of the subject for ever, in the open transaction or in one of its own; how many there were.

    What was sealed under them raises Shredded from then on, and nothing more is sealed for the subject. Other processes
    go on opening what they have the key of at hand for, for `QENEX_KEY_CACHE_SECONDS` at most. The event names the
    subject by a keyed hash. Raises ValueError for no subject, and ProviderUnavailable.
    """
    name = subjects.name(subject)
    if connection.in_atomic_block:
        return _shred(name)
    return transactions.run(lambda: _shred(name))


def digest(name: str) -> str:
    """The subject's name in events: HMAC-SHA256 under a key of the vault, in hexadecimal."""
    key = keyring.live("subjects", use=DataKey.Use.INDEX)
    return hmac.new(key.secret, name.encode(), hashlib.sha256).hexdigest()


def destroy(name: str) -> Destroyed:
    """Destroys every key of the subject and of its parts within the open transaction, and says nothing in the log.

    For a service that has an event of its own. Nothing is sealed for the subject from then on, even where it had no
    key of its own. Raises ProviderUnavailable.
    """
    keys = DataKey.objects.filter(_all_of(name), shredded_at=None)
    purposes = sorted(set(keys.values_list("purpose", flat=True)))
    if not DataKey.objects.filter(subject=name).exists():
        keyring.live(TOMBSTONE, name)  # what is shredded next, so that nothing more is sealed
    count = keys.update(wrapped=None, shredded_at=clock.now())
    keyring.forget()
    transaction.on_commit(keyring.forget)
    return Destroyed(count, purposes)


def expire(purpose: str, part: str, *, but: Collection[str] = ()) -> int:
    """Destroys the keys of a purpose for this part of every subject's data, but of these subjects; how many.

    Within the open transaction, and without an event: for a service that has its own.
    """
    keys = DataKey.objects.filter(purpose=purpose, subject__endswith=subjects.PART + part, shredded_at=None)
    count = keys.exclude(subject__in=[name + subjects.PART + part for name in but]).update(
        wrapped=None, shredded_at=clock.now()
    )
    keyring.forget()
    transaction.on_commit(keyring.forget)
    return count


def _shred(name: str) -> int:
    if not DataKey.objects.filter(_all_of(name), shredded_at=None).exists():
        return 0
    destroyed = destroy(name)
    data = {"keys": destroyed.keys, "purposes": destroyed.purposes}
    events.emit("vault.subject.shredded", subject_type="subject", subject_id=digest(name), data=data)
    return destroyed.keys


def _all_of(name: str) -> Q:
    return Q(subject=name) | Q(subject__startswith=name + subjects.PART)
