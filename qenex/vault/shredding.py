"""Crypto-shredding: without its keys a subject's data is noise, in the database, its replicas and every new backup."""

import hashlib
import hmac
from uuid import UUID

from django.db import connection, models, transaction

from qenex.kernel import clock, events, transactions
from qenex.vault import keyring, subjects
from qenex.vault.models import DataKey


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


def _shred(name: str) -> int:
    keys = DataKey.objects.filter(subject=name, shredded_at=None)
    purposes = sorted(set(keys.values_list("purpose", flat=True)))
    count = keys.update(wrapped=None, shredded_at=clock.now())
    if count:
        data = {"keys": count, "purposes": purposes}
        events.emit("vault.subject.shredded", subject_type="subject", subject_id=digest(name), data=data)
        keyring.forget()
        transaction.on_commit(keyring.forget)
    return count
