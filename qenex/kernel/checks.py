"""System checks: every setting that could lose money or leak it is an error with a number before anything is served."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from qenex.kernel import predicatelocks
from qenex.kernel.grants import APPENDING, append_only_tables

SERIALIZABLE = 4
SERVER_VERSION = 150_000
KEY_CHARACTERS = 50


def check_profile(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001 to E005, E040 and E041: what only the embedded profile may do."""
    if settings.PROFILE != "production":
        return []
    open_hosts = not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS
    found = [
        (
            len(_secret_key()) < KEY_CHARACTERS,
            "E001",
            f"SECRET_KEY needs {KEY_CHARACTERS} characters or more.",
            "SECRET_KEY",
        ),
        (settings.DEBUG, "E002", "DEBUG shows secrets to strangers.", "DEBUG"),
        (settings.EMBEDDED_POSTGRES, "E003", "The embedded database serves one machine only.", "DATABASE_URL"),
        (settings.EMBEDDED_REDIS, "E004", "The embedded Redis serves one machine only.", "REDIS_URL"),
        (
            not settings.TLS_CERT and not settings.TRUSTED_PROXIES,
            "E040",
            "Passwords and tokens would cross the network in clear.",
            "QENEX_TLS_CERT and QENEX_TLS_KEY, or TRUSTED_PROXIES where a proxy of yours ends TLS,",
        ),
        (not settings.METRICS_TOKEN, "E041", "Nobody is asked who reads the metrics.", "METRICS_TOKEN"),
        (open_hosts, "E005", "The hosts that may be asked for must be named.", "ALLOWED_HOSTS"),
    ]
    return [_error(number, text, f"Set {name} in the environment.") for bad, number, text, name in found if bad]


def check_databases(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E006 to E008: what the ledger's guarantees and a transaction-pooling proxy need of the connections."""
    writer = settings.DATABASES["default"]
    errors: list[CheckMessage] = []
    if int(writer["OPTIONS"].get("isolation_level", 0)) != SERIALIZABLE:
        errors.append(_error("E006", "The writer's transactions must be serializable.", "Leave isolation_level alone."))
    for alias in ("default", "reader"):
        database = settings.DATABASES[alias]
        if database.get("CONN_MAX_AGE") or not database.get("DISABLE_SERVER_SIDE_CURSORS"):
            hint = "CONN_MAX_AGE must be 0 and DISABLE_SERVER_SIDE_CURSORS true."
            errors.append(_error("E007", f"The database {alias!r} keeps session state behind a proxy.", hint))
        if database.get("ATOMIC_REQUESTS"):
            hint = "Services open their own transactions and repeat them."
            errors.append(_error("E008", f"The database {alias!r} wraps requests in transactions.", hint))
    return errors


def check_facts(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """E020 to W023, with `--database`: the server's version and settings, facts closed by triggers and grants."""
    wanted = set(databases or ()) & {"default", "owner"}
    return [error for alias in sorted(wanted) for error in (*_facts(alias), *_room(alias))]


def _room(alias: str) -> list[CheckMessage]:
    if alias != "default":
        return []
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)", [list(predicatelocks.LEAST)])
        found = dict(cursor.fetchall())
    small = [f"{name}={least}" for name, least in predicatelocks.LEAST.items() if found[name] < least]
    text = "PostgreSQL has too little room for predicate locks: batches in different books will hold each other up."
    return [checks.Warning(text, hint=f"Set {', '.join(small)}.", id="qenex.W023")] if small else []


def _facts(alias: str) -> list[CheckMessage]:
    connection = connections[alias]
    errors: list[CheckMessage] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        (version,) = cursor.fetchone()
        if version < SERVER_VERSION:
            errors.append(_error("E020", "PostgreSQL 15 or newer is needed.", "Upgrade it."))
        existing = set(connection.introspection.table_names(cursor))
        for table in sorted(append_only_tables() & existing):
            cursor.execute(_TRIGGER, [table])
            if cursor.fetchone() is None:
                errors.append(_error("E021", f"The trigger that keeps {table} append-only is missing.", "Run migrate."))
            cursor.execute(_RIGHTS, [table])
            if cursor.fetchone() != (False,) and alias == "default" and _own_role():
                hint = f"Run migrate: the role may {APPENDING} only."
                errors.append(_error("E022", f"The application's role may change {table}.", hint))
    return errors


_TRIGGER = """
SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = %s::regclass AND p.proname = 'kernel_refuse_change' AND t.tgenabled IN ('O', 'A')
"""
_RIGHTS = "SELECT has_table_privilege(%s, 'UPDATE, DELETE, TRUNCATE')"


def _own_role() -> bool:
    """Whether the application has a role of its own, apart from the tables' owner."""
    return bool(settings.DATABASES["default"]["USER"] != settings.DATABASES["owner"]["USER"])


def _secret_key() -> str:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:
        return ""


def _error(number: str, text: str, hint: str) -> Error:
    return Error(text, hint=hint, id=f"qenex.{number}")
