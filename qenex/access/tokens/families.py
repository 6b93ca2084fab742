"""The services of token families: the only writers of them."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet

from qenex.access.models import TokenFamily
from qenex.access.tokens import jose
from qenex.access.tokens.claims import Claims, Kind, Strength
from qenex.access.tokens.errors import TokenEnded, TokenRefused, TokenReused
from qenex.kernel import clock, events
from qenex.kernel.context import acting, current
from qenex.kernel.middleware import signed_in
from qenex.kernel.transactions import run

KEPT = timedelta(days=30)
"""For how long a family that is over can still be looked at."""
USER_AGENT_LENGTH = 200
USER_CHANGED = "user_changed"
REUSED = "reused"
BY_COMMAND = "command"
"""The method of a sign-in that an operator's command has made."""


class Issued(NamedTuple):
    """Tokens that were just made; nobody can show them again."""

    family: UUID
    access: str
    expires: datetime
    """When the access token does."""
    refresh: str | None


def mark(user: User) -> bytes:
    """What tells the user's stored password from the one before it."""
    return sha256(b"qenex.access.tokens.password\0" + user.password.encode()).digest()


def family_start(*, user: User, method: str, user_agent: str = "", lifetime: timedelta | None = None) -> Issued:
    """Signs a user in who has shown who it is, by `method`, at the address of the present circumstances.

    With a `lifetime` there is one access token of that life and nothing to refresh it with.
    """
    now = clock.now()
    ends = now + (lifetime or timedelta(hours=settings.TOKEN_HOURS))
    family = TokenFamily(
        user=user,
        method=method,
        address=current().address,
        user_agent=user_agent[:USER_AGENT_LENGTH].replace("\0", ""),
        created_at=now,
        expires_at=ends,
        password_mark=mark(user),
    )
    known = Claims(user.pk, family.pk, now, ends, now, _strength(method))
    issued = _issue(known, now, whole=lifetime is not None)
    family.refresh_hash = None if issued.refresh is None else _hash(issued.refresh)

    def command() -> Issued:
        family.save(force_insert=True)
        if lifetime is None:
            User.objects.filter(pk=user.pk).update(last_login=now)
        _emit("issued", family, user=user.pk, username=user.get_username(), method=method, expires_at=ends)
        return issued

    return run(command)


def family_refresh(*, refresh: str) -> Issued:
    """Exchanges a refresh token for new tokens of its family; of several who try with the same one, one succeeds.

    Raises TokenInvalid, TokenExpired, TokenEnded, and TokenReused for a token that was exchanged before: somebody else
    has it, and nobody knows who of the two is the thief, so the family is ended.
    """
    claims = jose.read(refresh, Kind.REFRESH)
    issued = _issue(claims, clock.now())
    assert issued.refresh is not None
    used, new = _hash(refresh), _hash(issued.refresh)
    refused = run(lambda: _rotate(claims, used, new))
    if refused is not None:
        raise refused
    return issued


def family_end(*, refresh: str, reason: str) -> bool:
    """Ends the family of a refresh token, used or not; whether it was open. Raises TokenInvalid and TokenExpired."""
    claims = jose.read(refresh, Kind.REFRESH)
    return families_end(family=claims.family, reason=reason) == 1


def families_end(*, user: User | None = None, family: UUID | None = None, reason: str) -> int:
    """Ends one family, or all of a user: their tokens are dead at once, and within a second on the fast path.

    Joins the transaction of a larger command, or has one of its own; returns how many were open. Raises ValueError
    where neither or both of user and family are given.
    """
    if (user is None) == (family is None):
        raise ValueError("either a user's families are ended, or one")
    wanted = TokenFamily.objects.filter(**{"user": user} if family is None else {"pk": family})
    if connection.in_atomic_block:
        return _end_all(wanted, reason)
    return run(lambda: _end_all(wanted, reason))


def families_prune() -> int:
    """Forgets families that are over for 30 days, and returns how many; their events stay."""

    def command() -> int:
        deleted, _ = TokenFamily.objects.filter(expires_at__lt=clock.now() - KEPT).delete()
        if deleted:
            data = {"count": deleted, "days": KEPT.days}
            events.emit("access.sign_ins.pruned", subject_type="token_family", subject_id="", data=data)
        return deleted

    return run(command)


def _strength(method: str) -> Strength:
    """What the tokens of a sign-in by this method say of it."""
    return Strength.OPERATOR if method == BY_COMMAND else Strength.TWO_FACTORS


def _issue(known: Claims, now: datetime, *, whole: bool = False) -> Issued:
    """Tokens of the sign-in that is known; its one access token may live as long as it does."""
    ends = known.expires
    expires = ends if whole else min(ends, now + timedelta(minutes=settings.TOKEN_MINUTES))
    access = jose.write(known._replace(issued=now, expires=expires), Kind.ACCESS)
    refresh = None if whole else jose.write(known._replace(issued=now), Kind.REFRESH)
    return Issued(known.family, access, expires, refresh)


def _rotate(claims: Claims, used: bytes, new: bytes) -> TokenRefused | None:
    """What stands against it. It is returned and not raised, so that the end of a family is committed."""
    family = TokenFamily.objects.select_for_update(of=("self",)).select_related("user").filter(pk=claims.family).first()
    if family is None or family.user_id != claims.user or family.ended_at is not None:
        return TokenEnded()
    if not family.is_live(clock.now(), mark(family.user)):
        _end(family, USER_CHANGED)
        return TokenEnded()
    if family.refresh_hash is None or bytes(family.refresh_hash) != used:
        _end(family, REUSED)
        return TokenReused()
    family.refresh_hash, family.refreshed_at = new, clock.now()
    family.save(update_fields=["refresh_hash", "refreshed_at"])
    with acting(signed_in(current(), family.user, "refresh", str(family.pk))):
        _emit("refreshed", family)
    return None


def _end_all(wanted: QuerySet[TokenFamily], reason: str) -> int:
    found = list(wanted.filter(ended_at=None, expires_at__gt=clock.now()).select_for_update().order_by("pk"))
    for family in found:
        _end(family, reason)
    return len(found)


def _end(family: TokenFamily, reason: str) -> None:
    family.ended_at, family.ended_reason, family.refresh_hash = clock.now(), reason, None
    family.save(update_fields=["ended_at", "ended_reason", "refresh_hash"])
    _emit("ended", family, user=family.user_id, reason=reason)


def _emit(what: str, family: TokenFamily, **data: object) -> None:
    events.emit(
        f"access.token.{what}", subject_type="user", subject_id=family.user_id, data={"family": family.pk, **data}
    )


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
