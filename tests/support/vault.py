"""A database and keys of a test's own, where it counts every key or changes the provider."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

from qenex.embedded.bootstrap import create_database
from qenex.vault import keyring, providers, signing
from tests.support import databases, throwaway
from tests.support.hsm import PINS, module
from tests.support.servers import server

ALIASES = ("default", "owner", "reader")
URLS = {"default": "DATABASE_URL", "reader": "DATABASE_READER_URL", "owner": "DATABASE_OWNER_URL"}


def forget() -> None:
    """Forgets every key and provider of this process."""
    keyring.forget()
    signing.forget()
    providers.forget()


def use_token(settings: Any, label: str, pin: str | None = None) -> None:
    """Makes a token the provider of this process."""
    forget()
    settings.KEY_PROVIDER, settings.PKCS11_TOKEN, settings.PKCS11_PIN = (
        "pkcs11",
        label,
        pin or PINS.get(label, "000000"),
    )
    settings.PKCS11_MODULE = str(module())


@contextmanager
def own_database() -> Iterator[dict[str, str]]:
    """Connects every alias to a new migrated database; yields the environment that names it for other processes."""
    root = throwaway.root()
    here = server(root)
    name = databases.name(root, f"vault_{uuid4().hex[:12]}")
    with psycopg.connect(here.admin_url(), autocommit=True) as connection:
        create_database(connection, name, template=databases.name(root, "template"))
    was = settings.DATABASES["default"]["NAME"]
    _connect(name)
    try:
        yield {variable: os.environ[variable].replace(was, name) for variable in URLS.values()}
    finally:
        _connect(was)
        with psycopg.connect(here.admin_url(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _connect(name: str) -> None:
    forget()
    for alias in ALIASES:
        connections[alias].close()
        connections[alias].close_pool()  # type: ignore[attr-defined]  # every alias is PostgreSQL
        connections[alias].settings_dict["NAME"] = name
        settings.DATABASES[alias]["NAME"] = name
