"""Setting up second factors and taking them away."""

import secrets
from typing import Any

from django.db.models import QuerySet

from qenex.access import sessions
from qenex.access.mfa import checking, codes, totp
from qenex.access.models import AuthenticatorApp, Ended, Method, Passkey, RecoveryCode
from qenex.kernel import clock, events
from qenex.kernel.transactions import run

ISSUER = "QENEX"


class LastFactor(ValueError):
    """Without this factor the user could not sign in any more."""


def methods(user: Any) -> frozenset[Method]:
    """The kinds of second factors that a user has set up."""
    found = set()
    if AuthenticatorApp.objects.filter(user_id=user.pk, confirmed=True).exists():
        found.add(Method.TOTP)
    if Passkey.objects.filter(user_id=user.pk, confirmed=True).exists():
        found.add(Method.PASSKEY)
    return frozenset(found)


def app_begin(*, user: Any) -> AuthenticatorApp:
    """A new secret for an authenticator app, which counts once it has shown a code; an unfinished one is forgotten."""

    def command() -> AuthenticatorApp:
        AuthenticatorApp.objects.filter(user_id=user.pk, confirmed=False).delete()
        app = AuthenticatorApp(user_id=user.pk, name="", confirmed=False, created_at=clock.now())
        app.secret = secrets.token_bytes(totp.SECRET_BYTES)
        app.save(force_insert=True)
        emit("begun", user, Method.TOTP, app.pk)
        return app

    return run(command)


def app_pending(user: Any) -> AuthenticatorApp | None:
    """The authenticator app that is being set up."""
    found: AuthenticatorApp | None = AuthenticatorApp.objects.filter(user_id=user.pk, confirmed=False).first()
    return found


def app_confirm(*, user: Any, code: str) -> bool:
    """Makes the pending app the user's, in the place of an earlier one, where the code is its own."""

    def command() -> bool:
        app = AuthenticatorApp.objects.select_for_update().filter(user_id=user.pk, confirmed=False).first()
        if app is None or not checking.accept(app, code):
            return False
        AuthenticatorApp.objects.filter(user_id=user.pk, confirmed=True).delete()
        app.confirmed = True
        app.save(update_fields=["confirmed"])
        emit("enrolled", user, Method.TOTP, app.pk)
        return True

    return run(command)


def recovery_codes_make(*, user: Any) -> list[str]:
    """Eight new codes in the place of all earlier ones; they are known here and now only."""
    made = [codes.generate() for _ in range(codes.COUNT)]

    def command() -> list[str]:
        RecoveryCode.objects.filter(user_id=user.pk).delete()
        rows = [RecoveryCode(user_id=user.pk, code_hash=codes.hashed(code), created_at=clock.now()) for code in made]
        RecoveryCode.objects.bulk_create(rows)
        data = {"user": user.get_username(), "count": codes.COUNT}
        events.emit("access.recovery_codes.made", subject_type="user", subject_id=user.pk, data=data)
        return made

    return run(command)


def recovery_codes_left(user: Any) -> int:
    """How many of the user's recovery codes are unused."""
    return RecoveryCode.objects.filter(user_id=user.pk, used_at__isnull=True).count()


def factor_remove(*, user: Any, factor: AuthenticatorApp | Passkey) -> None:
    """Removes one of one's own factors. Raises LastFactor for the last one that counts."""

    def command() -> None:
        method = Method.TOTP if isinstance(factor, AuthenticatorApp) else Method.PASSKEY
        if not _others(user, factor):
            raise LastFactor
        identifier = factor.pk
        factor.delete()
        emit("removed", user, method, identifier)

    run(command)


def identifiers(user: Any) -> list[str]:
    """Which factors somebody has, in the order of their ids."""
    return sorted(str(factor.pk) for rows in (_apps(user), _passkeys(user)) for factor in rows)


def factors_reset(*, user: Any) -> None:
    """Removes all factors and recovery codes of somebody who has lost them, and ends his sessions: he begins anew."""
    run(lambda: reset_factors(user))


def reset_factors(user: Any) -> None:
    """The same in the open transaction."""
    for method, rows in ((Method.TOTP, _apps(user)), (Method.PASSKEY, _passkeys(user))):
        for factor in rows:
            identifier = factor.pk
            factor.delete()
            emit("removed", user, method, identifier)
    RecoveryCode.objects.filter(user_id=user.pk).delete()
    sessions.end_all_in_transaction(user=user, reason=Ended.FACTOR_REMOVED)
    data = {"user": user.get_username()}
    events.emit("access.factors.reset", subject_type="user", subject_id=user.pk, data=data)


def emit(what: str, user: Any, method: Method, identifier: object) -> None:
    """One event of a factor."""
    events.emit(
        f"access.factor.{what}",
        subject_type="user",
        subject_id=user.pk,
        data={"user": user.get_username(), "method": str(method), "factor": str(identifier)},
    )


def _others(user: Any, factor: AuthenticatorApp | Passkey) -> bool:
    """Whether something else that counts is left."""
    allowed = sessions.methods_of(user)
    apps, passkeys = _apps(user).filter(confirmed=True), _passkeys(user).filter(confirmed=True)
    if isinstance(factor, AuthenticatorApp):
        apps = apps.exclude(pk=factor.pk)
    else:
        passkeys = passkeys.exclude(pk=factor.pk)
    return (Method.TOTP in allowed and apps.exists()) or (Method.PASSKEY in allowed and passkeys.exists())


def _apps(user: Any) -> QuerySet[AuthenticatorApp]:
    found: QuerySet[AuthenticatorApp] = AuthenticatorApp.objects.filter(user_id=user.pk)
    return found


def _passkeys(user: Any) -> QuerySet[Passkey]:
    found: QuerySet[Passkey] = Passkey.objects.filter(user_id=user.pk)
    return found
