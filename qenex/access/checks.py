"""System checks: tokens end before their keys do, and who may do everything shows more than a password and a code."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error

from qenex.access.models.factors import Passkey
from qenex.access.tokens.claims import PURPOSE
from qenex.vault import purposes

HOUR = timedelta(hours=1)


def check_superusers(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """E044, with `--database default` in production: each active superuser has a passkey."""
    if settings.PROFILE != "production" or "default" not in (databases or ()):
        return []
    protected = Passkey.objects.filter(confirmed=True).values("user_id")
    people = get_user_model()._default_manager.filter(is_superuser=True, is_active=True).exclude(pk__in=protected)
    hint = "Let the person sign in and set one up, or take the superuser's rights away."
    return [
        Error(f"The superuser {name} has no passkey.", hint=hint, id="qenex.E044")
        for name in people.order_by("pk").values_list("username", flat=True)
    ]


def check_token_lives(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E046: every token expires while the key that signed it is still published, and within its sign-in."""
    kept = purposes.of(PURPOSE).kept
    most = None if kept is None else kept // HOUR
    hours = settings.TOKEN_HOURS
    found: list[CheckMessage] = []
    if hours < 1 or (most is not None and hours > most):
        hint = f"Set it to 1 to {most}: for so many hours a signing key is published after it has signed last."
        found.append(Error(f"Sign-ins cannot last for QENEX_TOKEN_HOURS={hours}.", hint=hint, id="qenex.E046"))
    if not 1 <= settings.TOKEN_MINUTES <= max(hours, 1) * 60:
        text = f"Access tokens cannot last for QENEX_TOKEN_MINUTES={settings.TOKEN_MINUTES}."
        found.append(Error(text, hint="Set it to 1 minute up to the life of the sign-in.", id="qenex.E046"))
    return found
