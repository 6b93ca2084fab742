"""Users as subjects. Their login names stay: the log names with them who answers for what, as the law demands."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import Max, Q

from qenex.access.models import (
    ApiKey,
    ApiKeySecret,
    AuthenticatorApp,
    FormerPassword,
    Passkey,
    RecoveryCode,
    StaffSession,
    TokenFamily,
)
from qenex.access.people import NAMES
from qenex.access.sessions import Ended
from qenex.kernel import clock

ENDED = str(Ended.DEACTIVATED)


class Staff:
    """See `kinds.Kind`."""

    prefix = "auth.user"

    def present(self, name: str) -> bool:
        """Whether there is such a user."""
        return _user(name) is not None

    def ready(self, name: str) -> str | None:
        """An active user is deactivated first."""
        user = _user(name)
        return "Deactivate the user first." if user is not None and user.is_active else None

    def last_seen(self, name: str) -> datetime | None:
        """The last sign-in or request, by a browser or a program."""
        user = _user(name)
        if user is None:
            return None
        seen = StaffSession.objects.filter(user=user).aggregate(last=Max("last_seen_at"))["last"]
        used = ApiKey.objects.filter(owner=user).aggregate(last=Max("last_used_at"))["last"]
        return max(moment for moment in (user.date_joined, user.last_login, seen, used) if moment is not None)

    def blank(self, name: str) -> dict[str, int]:
        """Names, addresses, browsers, factors and passwords go; what is open ends."""
        user = _user(name)
        if user is None:
            return {}
        user.first_name = user.last_name = user.email = ""
        user.is_active = False
        user.set_unusable_password()
        user.save(update_fields=[*NAMES, "is_active", "password"])
        return {
            "sessions": _end_sessions(user),
            "token_families": _end_families(user),
            "api_keys": _end_keys(user),
            "factors": _drop_factors(user),
            "failures": AccessAttempt.objects.filter(username=user.get_username()).delete()[0],
        }

    def held(self, name: str) -> dict[str, Any]:
        """The user's rows."""
        user = User.objects.get(pk=int(name.partition(":")[2]))
        own = ("username", *NAMES, "is_active", "is_staff", "is_superuser", "date_joined", "last_login")
        return {
            "user": {"id": user.pk} | {each: getattr(user, each) for each in own},
            "roles": sorted(user.groups.values_list("name", flat=True)),
            "books": [str(book) for book in user.book_scopes.values_list("book_id", flat=True)],
            "sessions": _rows(StaffSession.objects.filter(user=user), SESSION),
            "sign_ins_of_programs": _rows(TokenFamily.objects.filter(user=user), FAMILY),
            "api_keys": _rows(ApiKey.objects.filter(owner=user), KEY),
            "authenticator_apps": _rows(AuthenticatorApp.objects.filter(user=user), ("created_at", "last_used_at")),
            "passkeys": _rows(Passkey.objects.filter(user=user), ("name", "created_at", "last_used_at")),
            "recovery_codes": _rows(RecoveryCode.objects.filter(user=user), ("created_at", "used_at")),
            "failed_sign_ins": _rows(AccessAttempt.objects.filter(username=user.username), FAILURE),
        }

    def long_gone(self, before: datetime) -> list[str]:
        """Inactive users without a sign-in or a request since then, whose names are still here."""
        named = ~Q(first_name="", last_name="", email="")
        found = User.objects.filter(named, is_active=False, date_joined__lt=before).order_by("pk")
        names = [f"{self.prefix}:{pk}" for pk in found.values_list("pk", flat=True)]
        return [name for name in names if (self.last_seen(name) or before) < before]

    def names(self) -> Iterator[str]:
        """Every user."""
        for pk in User.objects.order_by("pk").values_list("pk", flat=True):
            yield f"{self.prefix}:{pk}"


SESSION = ("created_at", "last_seen_at", "ended_at", "ended_reason", "verified_by", "address", "user_agent")
FAMILY = ("created_at", "refreshed_at", "expires_at", "ended_at", "method", "address", "user_agent")
KEY = ("key_id", "name", "scopes", "books", "cidrs", "created_at", "revoked_at", "last_used_at", "last_used_address")
FAILURE = ("attempt_time", "ip_address", "failures_since_start")


def _user(name: str) -> User | None:
    key = name.partition(":")[2]
    return User.objects.filter(pk=int(key)).first() if key.isdecimal() else None


def _rows(found: Any, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    return list(found.order_by("pk").values(*columns))


def _end_sessions(user: User) -> int:
    rows = StaffSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=rows.values_list("key_hash", flat=True)).delete()
    rows.filter(ended_at=None).update(ended_at=clock.now(), ended_reason=ENDED)
    return rows.update(address=None, user_agent="")


def _end_families(user: User) -> int:
    rows = TokenFamily.objects.filter(user=user)
    rows.filter(ended_at=None).update(ended_at=clock.now(), ended_reason=ENDED, refresh_hash=None)
    return rows.update(address=None, user_agent="")


def _end_keys(user: User) -> int:
    rows = ApiKey.objects.filter(owner=user)
    for secret in ApiKeySecret.objects.filter(key__in=rows, retired_at=None):
        secret.secret, secret.retired_at = None, clock.now()
        secret.save(update_fields=["secret", "retired_at"])
    rows.filter(revoked_at=None).update(revoked_at=clock.now(), secret_due_at=None)
    return rows.update(last_used_address=None)


def _drop_factors(user: User) -> int:
    count = 0
    for rows in (
        AuthenticatorApp.objects.filter(user=user),
        Passkey.objects.filter(user=user),
        RecoveryCode.objects.filter(user=user),
        FormerPassword.objects.filter(user=user),
    ):
        for row in rows:
            row.delete()
            count += 1
    return count
