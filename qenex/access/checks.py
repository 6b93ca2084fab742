"""System check of the people: who may do everything shows more than a password and a code."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error

from qenex.access.models.factors import Passkey


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
