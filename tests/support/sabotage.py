"""Changing live rows behind everybody's back, as the owner of the tables can, for as long as a block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.utils import CursorWrapper

from qenex.kernel.projections import Table

_OTHER = {
    "uuid": "gen_random_uuid()",
    "jsonb": """'["changed"]'::jsonb""",
    "boolean": "{column} IS NOT TRUE",
    "timestamp with time zone": "coalesce({column}, now()) + interval '1 microsecond'",
    "interval": "coalesce({column}, interval '0') + interval '1 second'",
    "ARRAY": "ARRAY[gen_random_uuid()::text]::{array}",
    "bytea": "'\\xff'::bytea",
    "inet": "'203.0.113.7'::inet",
    "character varying": "'~'",
    "text": "'~'",
}
"""Type → a value that the row does not have yet."""
_NUMBER = "coalesce({column}, 0) + 1"


@contextmanager
def undone(cursor: CursorWrapper) -> Iterator[None]:
    """What the block does to the database never was."""
    cursor.execute("SAVEPOINT sabotage")
    try:
        yield
    finally:
        cursor.execute("ROLLBACK TO SAVEPOINT sabotage; RELEASE SAVEPOINT sabotage")


@contextmanager
def changed(cursor: CursorWrapper, table: Table, key: tuple[str, ...], column: str) -> Iterator[None]:
    """Gives one column of one row another value."""
    with undone(cursor):
        _disarm(cursor, table.name)
        other = _other(cursor, table.name, column)
        cursor.execute(f'UPDATE {table.name} SET "{column}" = {other} WHERE {_where(table)}', key)  # noqa: S608  # names of ours
        assert cursor.rowcount == 1, (table.name, key, column)
        yield


@contextmanager
def deleted(cursor: CursorWrapper, table: Table, key: tuple[str, ...]) -> Iterator[None]:
    """Takes one row away."""
    with undone(cursor):
        _disarm(cursor, table.name)
        cursor.execute(f"DELETE FROM {table.name} WHERE {_where(table)}", key)  # noqa: S608  # names of ours
        assert cursor.rowcount == 1, (table.name, key)
        yield


def _where(table: Table) -> str:
    return " AND ".join(f'"{name}" = %s' for name in table.key)


def _disarm(cursor: CursorWrapper, table: str) -> None:
    """Does away with triggers, and with constraints that would notice."""
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'f')"
        " OR confrelid = %s::regclass AND conrelid = %s::regclass",
        [table, table, table],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE confrelid = %s::regclass AND conrelid <> %s::regclass",
        [table, table],
    )
    for other, name in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {other} DROP CONSTRAINT "{name}"')


def _other(cursor: CursorWrapper, table: str, column: str) -> str:
    cursor.execute(
        "SELECT data_type, udt_name FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
        " AND table_schema = 'public'",
        [table, column],
    )
    kind, array = cursor.fetchone()
    element = array.removeprefix("_")
    return _OTHER.get(kind, _NUMBER).format(column=f'"{column}"', array=f"{element}[]")
