"""Roles and database of a new cluster. Each step may be repeated, so that a start cut short is finished by the next."""

from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

ROLES_SQL = Path(__file__).with_name("roles.sql")
OWNER = "qenex_owner"
DATABASE = "qenex"


def create_roles(connection: psycopg.Connection) -> None:
    """The owner, the writer and the reader, as `roles.sql` has them."""
    connection.execute(ROLES_SQL.read_bytes())


def create_database(connection: psycopg.Connection, name: str = DATABASE, *, template: str = "template0") -> None:
    """A database of the owner's which nobody else may use without a grant. Needs a connection in autocommit."""
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone():
        return
    statement = "CREATE DATABASE {name} OWNER {owner} TEMPLATE {template}"
    names = {"name": name, "owner": OWNER, "template": template}
    connection.execute(sql.SQL(statement).format(**{key: sql.Identifier(value) for key, value in names.items()}))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    connection.execute(
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO qenex_writer, qenex_reader").format(sql.Identifier(name))
    )


def socket_url(user: str, database: str, host: Path) -> str:
    """A libpq URL over a Unix socket."""
    return f"postgresql://{user}@/{database}?host={quote(str(host), safe='')}"
