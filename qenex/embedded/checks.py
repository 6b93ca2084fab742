"""System checks of what a first run leaves behind, and of the certificate: none of it may go into production."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error

from qenex.embedded import tls
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.first_run import DEMO_USER

DEFAULTS = ("admin", "changeme", "change-me", "default", "demo", "password", "postgres", "qenex", "root", "secret")
"""What people type where they mean to come back to it."""
SUPERUSERS = 20
"""How many are tried, the latest ones: a password costs some 30 ms to try, which is the point of its hash."""


def check_certificate(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E045: a certificate that is named can be shown."""
    if not (settings.TLS_CERT or settings.TLS_KEY):
        return []
    try:
        tls.own(settings.TLS_CERT, settings.TLS_KEY)
    except EmbeddedError as error:
        return [Error(f"{error}.", hint="Renew the files, or unset both settings.", id="qenex.E045")]
    return []


def check_people(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """E042 and E043, with `--database default` in production: nobody who came with the demo, no default password."""
    if settings.PROFILE != "production" or "default" not in (databases or ()):
        return []
    return [*_demo_user(), *_default_passwords()]


def _demo_user() -> Iterator[Error]:
    if get_user_model()._default_manager.filter(username=DEMO_USER, is_active=True).exists():
        hint = "Its password lay in a file. Switch it off and make users with names of their own."
        yield Error(f"The user {DEMO_USER} of the demo may sign in.", hint=hint, id="qenex.E042")


def _default_passwords() -> Iterator[Error]:
    """A hash does not say whose password it is of, but it says no to any that is tried."""
    people = get_user_model()._default_manager.filter(is_superuser=True, is_active=True).order_by("-pk")[:SUPERUSERS]
    for user in people:
        name = user.get_username()
        if any(check_password(password, user.password) for password in (*DEFAULTS, name, f"{name}{name}", "")):
            yield Error(f"The superuser {name} has a default password.", hint="Change it.", id="qenex.E043")
