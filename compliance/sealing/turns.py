"""One transaction of the one sealer whose turn it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg import Connection, Cursor

from compliance.sealing.errors import Elsewhere

LOCK = int.from_bytes(b"trail")
"""The advisory lock of whoever seals or signs; of the transaction, so that a proxy may pool transactions."""

_BEGIN = b"SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
# What is signed must not be lost with the server's next crash.
_TAKE = """
SELECT pg_try_advisory_xact_lock({}),
    CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END
"""
Row = tuple[Any, ...]


class Turn:
    """The open transaction. Queries go and come in binary, past Django's cursors."""

    def __init__(self, raw: Connection[Any]) -> None:
        self.raw = raw

    def rows(self, query: str, *values: object) -> list[Row]:
        """Every row."""
        return Cursor(self.raw).execute(query.encode(), values, binary=True).fetchall()

    def row(self, query: str, *values: object) -> Row | None:
        """The first row, if there is one."""
        return Cursor(self.raw).execute(query.encode(), values, binary=True).fetchone()

    def copy(self, query: str, data: bytes) -> None:
        """Copies rows in, in PostgreSQL's binary form without its header and trailer."""
        with Cursor(self.raw).copy(query.encode()) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + data + b"\xff\xff")


@contextmanager
def turn() -> Iterator[Turn]:
    """A transaction that alone seals or signs; each statement sees what is committed by then.

    Raises Elsewhere where another sealer has the turn, and RuntimeError inside a transaction.
    """
    with look() as present:
        taken = present.row(_TAKE.format(LOCK))
        if taken is None or not taken[0]:
            raise Elsewhere
        yield present


@contextmanager
def look() -> Iterator[Turn]:
    """A transaction that takes no turn. Raises RuntimeError inside a transaction.

    It is not serializable, as the writer's own are: writers would fail on what it has read.
    """
    with transaction.atomic(durable=True), connection.wrap_database_errors:
        raw: Connection[Any] = connection.connection
        Cursor(raw).execute(_BEGIN)
        yield Turn(raw)
