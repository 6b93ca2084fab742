"""A database of a test's own, for what must not happen to the one that all tests of a process share."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connections
from psycopg import sql

from qenex.embedded.bootstrap import create_database
from qenex.vault import keyring, signing
from tests.support import databases, throwaway
from tests.support.servers import server

ALIASES = ("default", "reader", "owner")


@contextmanager
def database() -> Iterator[str]:
    """Every connection of this process goes to a new, migrated database within the block; yields its name."""
    current, root = server(throwaway.root()), throwaway.root()
    name = databases.name(root, f"scratch_{secrets.token_hex(4)}")
    with psycopg.connect(current.admin_url(), autocommit=True) as admin:
        create_database(admin, name, template=databases.name(root, "template"))
    before = {alias: connections[alias].settings_dict["NAME"] for alias in ALIASES}
    _go_to(dict.fromkeys(ALIASES, name))
    try:
        yield name
    finally:
        _go_to(before)
        drop(name)


def drop(name: str) -> None:
    """Drops a database, whoever is connected to it."""
    with psycopg.connect(server(throwaway.root()).admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def copy(name: str, into: str) -> None:
    """Copies a database as it is, with its owner and grants; everybody else's connections to it end."""
    reconnect()
    with psycopg.connect(server(throwaway.root()).admin_url(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        create_database(admin, into, template=name)


def urls(name: str) -> dict[str, str]:
    """The environment of another process that works in that database."""
    current = server(throwaway.root())
    return {
        "DATABASE_URL": current.client_url("qenex_writer", name),
        "DATABASE_READER_URL": current.client_url("qenex_reader", name),
        "DATABASE_OWNER_URL": current.direct_url("qenex_owner", name),
    }


def go_to(name: str) -> None:
    """Lets every connection of this process go to that database from now on."""
    _go_to(dict.fromkeys(ALIASES, name))


def reconnect() -> None:
    """Ends every connection of this process; the next use makes new ones."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # every alias is PostgreSQL
    signing.forget()
    keyring.forget()


def _go_to(names: dict[str, str]) -> None:
    reconnect()
    for alias, name in names.items():
        connections[alias].settings_dict["NAME"] = name
