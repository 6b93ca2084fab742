"""The services of keys: the only writers of them. A secret is returned once, and no event ever has one."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User

from qenex.access.apikeys.errors import KeyRevoked, OneSecret, TwoSecrets
from qenex.access.apikeys.terms import Terms, checked
from qenex.access.approvals import demand
from qenex.access.keyscopes import writes
from qenex.access.models import ApiKey, ApiKeySecret
from qenex.access.models.apikeys import public_id
from qenex.kernel import clock, events
from qenex.kernel.ids import uuid7
from qenex.kernel.transactions import run

CREATE = "access.apikey.create"
SECRET_BYTES = 32


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
    """Makes a key with its first secret. Raises KeyInvalid, and ApprovalRequired for scopes that write."""
    terms = checked(owner=owner, name=name, scopes=scopes, books=books, cidrs=cidrs, expires_at=expires_at)
    payload = {"id": str(uuid7()), "key_id": public_id(), **terms.document()}

    def command() -> Secret:
        if writes(terms.scopes):
            demand(CREATE, payload)
        key = make(UUID(payload["id"]), payload["key_id"], terms)
        return _add_secret(key, 1)

    return run(command)


def make(id: UUID, key_id: str, terms: Terms) -> ApiKey:
    """Writes a key that has no secret yet; part of a command."""
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
    _emit("created", key, **terms.document())
    return key


def apikey_rotate(*, key: UUID) -> Secret:
    """Makes another secret, which counts beside the present one until that is retired.

    Raises ApiKey.DoesNotExist, KeyRevoked, and TwoSecrets where two count already.
    """

    def command() -> Secret:
        row = _open(key)
        taken = set(ApiKeySecret.objects.filter(key=row, retired_at=None).values_list("slot", flat=True))
        free = {1, 2} - taken
        if not free:
            raise TwoSecrets
        secret = _add_secret(row, min(free))
        _emit("rotated", row)
        return secret

    return run(command)


def apikey_retire(*, key: UUID) -> ApiKey:
    """Wipes the older of two secrets. Raises ApiKey.DoesNotExist, KeyRevoked, and OneSecret where there is no other."""

    def command() -> ApiKey:
        row = _open(key)
        live = list(ApiKeySecret.objects.filter(key=row, retired_at=None).order_by("created_at", "id"))
        if len(live) < 2:
            raise OneSecret
        _wipe(live[:1])
        _emit("secret_retired", row)
        return row

    return run(command)


def apikey_revoke(*, key: UUID, reason: str = "") -> ApiKey:
    """Ends a key for ever and wipes its secrets; a second time changes nothing. Raises ApiKey.DoesNotExist."""

    def command() -> ApiKey:
        row = ApiKey.objects.select_for_update(of=("self",)).get(pk=key)
        if row.revoked_at is not None:
            return row
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        _wipe(list(ApiKeySecret.objects.filter(key=row, retired_at=None)))
        _emit("revoked", row, reason=reason)
        return row

    return run(command)


def _open(key: UUID) -> ApiKey:
    row = ApiKey.objects.select_for_update(of=("self",)).get(pk=key)
    if row.revoked_at is not None:
        raise KeyRevoked
    return row


def _add_secret(key: ApiKey, slot: int) -> Secret:
    secret = secrets.token_bytes(SECRET_BYTES)
    ApiKeySecret.objects.create(key=key, slot=slot, secret=secret, created_at=clock.now())
    return Secret(key, secret)


def _wipe(live: list[ApiKeySecret]) -> None:
    for each in live:
        each.secret, each.retired_at = None, clock.now()
        each.save(update_fields=["secret", "retired_at"])


def _emit(what: str, key: ApiKey, **data: object) -> None:
    events.emit(f"access.apikey.{what}", subject_type="apikey", subject_id=key.pk, data={"key_id": key.key_id, **data})
