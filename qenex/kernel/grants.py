"""What the application's database roles may do: read and write, but never change a posted fact."""

from django.apps import apps
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import sql

WRITING = "SELECT, INSERT, UPDATE, DELETE"
KEEPING = "SELECT, INSERT, UPDATE"
APPENDING = "SELECT, INSERT"
READING = "SELECT"
OWNERS_ONLY = frozenset({"django_migrations"})
"""Tables that only migrations write."""


def append_only_tables() -> frozenset[str]:
    """The tables of posted facts: those of models that say `append_only = True`."""
    return frozenset(model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False))


def kept_tables() -> frozenset[str]:
    """The tables whose rows change state but are never deleted: those of models that say `kept = True`."""
    return frozenset(model._meta.db_table for model in apps.get_models() if getattr(model, "kept", False))


def apply(connection: BaseDatabaseWrapper) -> list[str]:
    """Gives the writer and the reader of the settings their rights on every table; the connection is the owner's.

    Returns the roles that were served: those that exist and are not the owner. Repeating it changes nothing.
    """
    with connection.cursor() as cursor:
        roles = _roles(cursor, owner=connection.settings_dict["USER"])
        tables = _tables(cursor)
        for role, writes in roles.items():
            cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))
            for table in tables:
                _grant(cursor, role, table, rights(table) if writes else READING)
    return sorted(roles)


def rights(table: str) -> str:
    """What the writer may do with a table."""
    if table in OWNERS_ONLY:
        return READING
    if table in append_only_tables():
        return APPENDING
    return KEEPING if table in kept_tables() else WRITING


def _roles(cursor: CursorWrapper, owner: str) -> dict[str, bool]:
    """The roles to serve, each with whether it writes."""
    wanted = {settings.DATABASES["reader"]["USER"]: False, settings.DATABASES["default"]["USER"]: True}
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(wanted)])
    return {name: wanted[name] for (name,) in cursor.fetchall() if name != owner}


def _tables(cursor: CursorWrapper) -> list[str]:
    """Every table and view of ours, those without a model included."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname"
    )
    return [name for (name,) in cursor.fetchall()]


def _grant(cursor: CursorWrapper, role: str, table: str, privileges: str) -> None:
    names = {"table": sql.Identifier(table), "role": sql.Identifier(role)}
    # One message, one implicit transaction: the running application never finds the right missing.
    statement = f"REVOKE ALL ON {{table}} FROM {{role}}; GRANT {privileges} ON {{table}} TO {{role}}"
    cursor.execute(sql.SQL(statement).format(**names))
