"""Looking at a code, under a lock: none is accepted twice, however many try at once."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from qenex.access.mfa import codes, totp
from qenex.access.models import AuthenticatorApp, Method, RecoveryCode
from qenex.kernel import clock, events
from qenex.kernel.transactions import run

SLOWEST = timedelta(minutes=1)
"""What failures of an app's codes cost at most; the lockout is what ends guessing."""


def check(user: Any, code: str, *, allowed: Collection[str] = tuple(Method)) -> Method | None:
    """What the code is, once it has been used up; none where it is nothing, or nothing that is allowed.

    Six digits are looked for at the authenticator app, anything else among the recovery codes.
    """
    typed = "".join(code.split())
    if len(typed) == totp.DIGITS and typed.isascii() and typed.isdigit():
        return Method.TOTP if Method.TOTP in allowed and _app(user, typed) else None
    return Method.RECOVERY if Method.RECOVERY in allowed and _recovery(user, code) else None


def accept(app: AuthenticatorApp, code: str) -> bool:
    """Whether the app's code is right and new, within the transaction of a command that holds the row's lock."""
    now = clock.now()
    if _waits(app):
        return False
    step = totp.match(app.secret or b"", code, now.timestamp(), after=app.last_step, algorithm=app.algorithm)
    if step is None:
        app.throttling_failure_timestamp = now
        app.throttling_failure_count += 1
    else:
        app.last_step, app.last_used_at = step, now
        app.throttle_reset(commit=False)
    app.save(update_fields=["last_step", "last_used_at", "throttling_failure_timestamp", "throttling_failure_count"])
    return step is not None


def _app(user: Any, code: str) -> bool:
    def command() -> bool:
        app = AuthenticatorApp.objects.select_for_update().filter(user_id=user.pk, confirmed=True).first()
        return app is not None and accept(app, code)

    return run(command)


def _waits(app: AuthenticatorApp) -> bool:
    """Whether the last failures were so many that no code is looked at yet: 1, 2, 4 … seconds after each."""
    failures, last = app.throttling_failure_count, app.throttling_failure_timestamp
    if not failures or last is None:
        return False
    seconds = app.get_throttle_factor() * 2 ** (min(failures, 16) - 1)
    return bool(clock.now() < last + min(timedelta(seconds=seconds), SLOWEST))


def _recovery(user: Any, code: str) -> bool:
    if codes.normal(code) is None:
        return False
    hashed = codes.hashed(code)

    def command() -> bool:
        unused = RecoveryCode.objects.filter(user_id=user.pk, used_at__isnull=True)
        found = unused.select_for_update().filter(code_hash=hashed).first()
        if found is None:
            return False
        found.used_at = clock.now()
        found.save(update_fields=["used_at"])
        left = unused.count()
        data = {"user": user.get_username(), "left": left}
        events.emit("access.recovery_code.used", subject_type="user", subject_id=user.pk, data=data)
        return True

    return run(command)
