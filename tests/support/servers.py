"""The PostgreSQL of a test run: our own throw-away one, or the one that TEST_DATABASE_URL names."""

import hashlib
import os
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from qenex.embedded import postgres
from qenex.embedded.bootstrap import create_roles, socket_url
from qenex.embedded.paths import socket_dir

ROLES = ("qenex_owner", "qenex_writer", "qenex_reader")


class Server(Protocol):
    """What the tests need to know of a PostgreSQL."""

    var: Path

    def start(self) -> None:
        """Have it run, with the three roles."""

    def admin_url(self) -> str:
        """A URL that may create databases."""

    def direct_url(self, user: str, database: str) -> str:
        """A role's URL to the server itself."""

    def client_url(self, user: str, database: str) -> str:
        """A role's URL as the application uses it, perhaps through a proxy."""


class Embedded:
    """Our own server in the run's directory; nothing of it is worth an fsync."""

    def __init__(self, var: Path) -> None:
        self.var = var

    def start(self) -> None:
        postgres.ensure_running(self.var, durable=False)

    def admin_url(self) -> str:
        return postgres.admin_url(self.var)

    def direct_url(self, user: str, database: str) -> str:
        return socket_url(user, database, socket_dir(self.var))

    client_url = direct_url


class Given:
    """A real server on which we may create roles and databases; the roles get a password of the tests'."""

    def __init__(self, var: Path, url: str, proxy: str | None) -> None:
        self.var = var
        self._url = url
        self._address = url.rpartition("@")[2].partition("/")[0]
        self._proxy = proxy or self._address
        self._password = hashlib.sha256(url.encode()).hexdigest()[:24]

    def start(self) -> None:
        with psycopg.connect(self._url) as connection:
            create_roles(connection)
            for role in ROLES:
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(role), sql.Literal(self._password)))

    def admin_url(self) -> str:
        return self._url

    def direct_url(self, user: str, database: str) -> str:
        return f"postgresql://{user}:{self._password}@{self._address}/{database}{self._query()}"

    def client_url(self, user: str, database: str) -> str:
        return f"postgresql://{user}:{self._password}@{self._proxy}/{database}{self._query()}"

    def _query(self) -> str:
        query = urlsplit(self._url).query
        return f"?{query}" if query else ""


def server(root: Path) -> Server:
    """The run's server: TEST_DATABASE_URL (with TEST_DATABASE_PROXY as host:port), or our own."""
    url = os.environ.get("TEST_DATABASE_URL")
    return Given(root / "var", url, os.environ.get("TEST_DATABASE_PROXY")) if url else Embedded(root / "var")
