"""System checks of what crosses the network between our own servers: encrypted, and to the right one."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

UNVERIFIED = frozenset({"none", "cert_none", "optional", "cert_optional"})
"""What a Redis URL may say of the server's certificate so that any is taken."""


def check_transport(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E047 and E048, in production: PostgreSQL and Redis on other machines are reached by TLS that looks who answers.

    A Unix socket and this machine's loopback need none: nobody is between.
    """
    if settings.PROFILE != "production":
        return []
    return [*_databases(), *_redis()]


def is_local(host: str) -> bool:
    """Whether the host is this machine: a Unix socket's directory, nothing, `localhost` or a loopback address."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _databases() -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    for alias in ("default", "owner", "reader"):
        database = settings.DATABASES[alias]
        options = database["OPTIONS"]
        # libpq takes several hosts, and `hostaddr` goes where it says whatever the host's name is.
        hosts = ",".join(str(each) for each in (database["HOST"], options.get("hostaddr", "")) if each).split(",")
        if not all(is_local(host) for host in hosts) and options.get("sslmode") != "verify-full":
            text = f"The database {alias!r} is reached without knowing who answers."
            hint = "Add ?sslmode=verify-full&sslrootcert=/path/ca.pem to its URL; only a socket or loopback needs none."
            errors.append(Error(text, hint=hint, id="qenex.E047"))
    return errors


def _redis() -> list[CheckMessage]:
    parts = urlsplit(settings.REDIS_LOCATION)
    if parts.scheme == "unix" or is_local(parts.hostname or ""):
        return []
    options = dict(parse_qsl(parts.query))
    unverified = options.get("ssl_cert_reqs", "").lower() in UNVERIFIED
    if parts.scheme == "rediss" and not unverified and options.get("ssl_check_hostname", "").lower() != "false":
        return []
    hint = "Set REDIS_URL to rediss://…, with ?ssl_ca_certs=/path/ca.pem for an authority of your own."
    return [Error("Redis is reached without knowing who answers.", hint=hint, id="qenex.E048")]
