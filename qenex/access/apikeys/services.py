"""The services of keys: the only writers of them. A secret is returned once, and no event ever has one.

A secret is for the key's owner, and for the operator at the shell, who could read it anyway. Whoever else makes a key,
or asks for another secret of one, leaves it waiting until the owner collects it.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.contrib.auth.models import User

from qenex.access.apikeys.errors import KeyRevoked, NothingWaits, OneSecret, OwnersOnly, TwoSecrets
from qenex.access.apikeys.terms import Terms, checked
from qenex.access.approvals import demand
from qenex.access.keyscopes import writes
from qenex.access.models import ApiKey, ApiKeySecret
from qenex.access.models.apikeys import public_id
from qenex.kernel import clock, context, events
from qenex.kernel.ids import uuid7
from qenex.kernel.transactions import run

CREATE = "access.apikey.create"
SECRET_BYTES = 32
_TOLD = ("id", "slot", "created_at", "retired_at", "collected_by")
"""What an event says of a secret."""
T = TypeVar("T")


class Secret(NamedTuple):
    """A secret that was just made; nobody can show it again."""

    key: ApiKey
    secret: bytes

    @property
    def text(self) -> str:
        """The secret as it is handed over: 64 hexadecimal digits of its 32 bytes."""
        return self.secret.hex()


def apikey_create(
    *,
    owner: User,
    name: str,
    scopes: Collection[str],
    books: Iterable[UUID] = (),
    cidrs: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> Secret:
    """Makes a key with its first secret, for an operator at the shell or the owner.

    Raises OwnersOnly for anybody else, KeyInvalid, and ApprovalRequired for scopes that write.
    """
    terms = checked(owner=owner, name=name, scopes=scopes, books=books, cidrs=cidrs, expires_at=expires_at)
    collector = _collector(owner.pk)
    return run(_creation(terms, lambda key: _add_secret(key, 1, collector)))


def apikey_prepare(
    *,
    owner: User,
    name: str,
    scopes: Collection[str],
    books: Iterable[UUID] = (),
    cidrs: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> ApiKey:
    """Makes a key without a secret: nothing takes it until its owner has collected one.

    Raises KeyInvalid, and ApprovalRequired for scopes that write.
    """
    terms = checked(owner=owner, name=name, scopes=scopes, books=books, cidrs=cidrs, expires_at=expires_at)
    return run(_creation(terms, wait))


def _creation(terms: Terms, then: Callable[[ApiKey], T]) -> Callable[[], T]:
    payload = {"id": str(uuid7()), "key_id": public_id(), **terms.document()}

    def command() -> T:
        if writes(terms.scopes):
            demand(CREATE, payload)
        return make(UUID(payload["id"]), payload["key_id"], terms, then)

    return command


def make(id: UUID, key_id: str, terms: Terms, then: Callable[[ApiKey], T]) -> T:
    """Writes a key, and `then` gives it a secret or lets one wait, and tells of both; part of a command."""
    key = ApiKey.objects.create(
        id=id,
        key_id=key_id,
        owner_id=terms.owner,
        name=terms.name,
        scopes=list(terms.scopes),
        books=list(terms.books),
        cidrs=list(terms.cidrs),
        created_at=clock.now(),
        expires_at=terms.expires_at,
    )
    made = then(key)
    _emit("created", key, **terms.document(), created_at=key.created_at)
    return made


def apikey_rotate(*, key: UUID) -> Secret:
    """Makes another secret, which counts beside the present one until that is retired.

    For the owner, and for an operator at the shell. Raises ApiKey.DoesNotExist, KeyRevoked, OwnersOnly, and TwoSecrets
    where two count already.
    """

    def command() -> Secret:
        row = _open(key)
        collector = _collector(row.owner_id)
        return _another(row, collector, "rotated")

    return run(command)


def apikey_collect(*, key: UUID) -> Secret:
    """Makes the secret that waits for the owner of a key, who collects it once.

    Raises ApiKey.DoesNotExist, KeyRevoked, OwnersOnly, and NothingWaits.
    """

    def command() -> Secret:
        row = _open(key)
        collector = _collector(row.owner_id)
        if row.secret_due_at is None:
            raise NothingWaits
        return _another(row, collector, "collected")

    return run(command)


def apikey_ask(*, key: UUID) -> ApiKey:
    """Lets another secret wait for the owner; the present one goes on counting. A second time changes nothing.

    Raises ApiKey.DoesNotExist, KeyRevoked, and TwoSecrets where two count already.
    """

    def command() -> ApiKey:
        row = _open(key)
        _free_slot(row)
        if row.secret_due_at is None:
            wait(row)
            _emit("rotation_asked", row)
        return row

    return run(command)


def apikey_retire(*, key: UUID) -> ApiKey:
    """Wipes the older of two secrets. Raises ApiKey.DoesNotExist, KeyRevoked, and OneSecret where there is no other."""

    def command() -> ApiKey:
        row = _open(key)
        live = list(ApiKeySecret.objects.filter(key=row, retired_at=None).order_by("created_at", "id"))
        if len(live) < 2:
            raise OneSecret
        _wipe(live[:1])
        _emit("secret_retired", row, live[:1])
        return row

    return run(command)


def apikey_revoke(*, key: UUID, reason: str = "") -> ApiKey:
    """Ends a key for ever and wipes its secrets; a second time changes nothing. Raises ApiKey.DoesNotExist."""

    def command() -> ApiKey:
        row = ApiKey.objects.select_for_update(of=("self",)).get(pk=key)
        if row.revoked_at is not None:
            return row
        row.revoked_at, row.secret_due_at = clock.now(), None
        row.save(update_fields=["revoked_at", "secret_due_at"])
        wiped = list(ApiKeySecret.objects.filter(key=row, retired_at=None).order_by("created_at", "id"))
        _wipe(wiped)
        _emit("revoked", row, wiped, reason=reason)
        return row

    return run(command)


def _open(key: UUID) -> ApiKey:
    row = ApiKey.objects.select_for_update(of=("self",)).get(pk=key)
    if row.revoked_at is not None:
        raise KeyRevoked
    return row


def _collector(owner: int) -> int | None:
    """Who is about to see a secret of this owner's; none for an operator at the shell. Raises OwnersOnly."""
    by = context.current()
    if by.actor_id is None and by.method != context.ANONYMOUS:
        return None
    if by.actor_id != owner:
        raise OwnersOnly
    return owner


def wait(key: ApiKey) -> ApiKey:
    """Lets a secret wait for the owner; part of a command."""
    key.secret_due_at = clock.now()
    key.save(update_fields=["secret_due_at"])
    return key


def _another(key: ApiKey, collector: int | None, what: str) -> Secret:
    secret = _add_secret(key, _free_slot(key), collector)
    if key.secret_due_at is not None:
        key.secret_due_at = None
        key.save(update_fields=["secret_due_at"])
    _emit(what, key)
    return secret


def _free_slot(key: ApiKey) -> int:
    taken = set(ApiKeySecret.objects.filter(key=key, retired_at=None).values_list("slot", flat=True))
    free = {1, 2} - taken
    if not free:
        raise TwoSecrets
    return min(free)


def _add_secret(key: ApiKey, slot: int, collector: int | None) -> Secret:
    secret = secrets.token_bytes(SECRET_BYTES)
    ApiKeySecret.objects.create(key=key, slot=slot, secret=secret, created_at=clock.now(), collected_by=collector)
    return Secret(key, secret)


def _wipe(live: list[ApiKeySecret]) -> None:
    for each in live:
        each.secret, each.retired_at = None, clock.now()
        each.save(update_fields=["secret", "retired_at"])


def _emit(what: str, key: ApiKey, wiped: Sequence[ApiKeySecret] = (), **data: object) -> None:
    """Tells of a key with those of its secrets that count, and those that were just wiped."""
    live = ApiKeySecret.objects.filter(key=key, retired_at=None).order_by("created_at", "id")
    facts = {
        "key_id": key.key_id,
        "revoked_at": key.revoked_at,
        "secret_due_at": key.secret_due_at,
        "secrets": [{name: getattr(each, name) for name in _TOLD} for each in (*wiped, *live)],
    }
    events.emit(f"access.apikey.{what}", subject_type="apikey", subject_id=key.pk, data={**facts, **data}, version=2)
