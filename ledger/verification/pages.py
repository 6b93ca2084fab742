"""Reading a book in one snapshot: what is read last was true when what was read first was."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from psycopg import Cursor

PAGE = 10_000
Row = tuple[Any, ...]

_SELECT = """
SELECT uuid_send(id), uuid_send(debit_account_id), uuid_send(credit_account_id), uuid_send(asset_id),
       amount::text, debit_balance::text, credit_balance::text, timestamptz_send(posted_at),
       value_date - DATE '2000-01-01', kind, code, uuid_send(event_id), uuid_send(journal_id), uuid_send(origin_id),
       reference, metadata::text
FROM ledger_transfer
"""
_OF_BOOK = f"DECLARE ledger_verify NO SCROLL CURSOR FOR {_SELECT} WHERE book_id = {{book}} ORDER BY posted_at, id"
_OF_EVENT = f"{_SELECT} WHERE book_id = %s AND posted_at BETWEEN %s AND %s AND event_id = %s ORDER BY posted_at, id"


class Snapshot:
    """A read-only transaction that sees one moment of the database, whatever is written meanwhile."""

    def __init__(self, cursor: Cursor[Row]) -> None:
        self._cursor = cursor

    def rows(self, query: str, *parameters: Any) -> list[Row]:
        """All rows of a query. Parameters are bound as %s."""
        return self._cursor.execute(query.encode(), parameters, binary=True).fetchall()

    def transfers(self, book: UUID) -> Iterator[Sequence[Row]]:
        """The book's transfers in the order of posting, a page at a time.

        A cursor that lives and dies in its transaction is at home behind a transaction-pooling proxy too.
        """
        self._cursor.execute(_OF_BOOK.format(book=f"'{book}'").encode())
        try:
            while page := self.rows(f"FETCH FORWARD {PAGE} FROM ledger_verify"):
                yield page
        finally:
            self._cursor.execute("CLOSE ledger_verify")

    def transfers_of_event(self, book: UUID, event: UUID, first: datetime, last: datetime) -> list[Row]:
        """The transfers that an event tells of, all posted between the two moments, in the order of posting."""
        return self.rows(_OF_EVENT, book, first, last, event)


@contextmanager
def snapshot(using: str) -> Iterator[Snapshot]:
    """Opens a snapshot on a database alias."""
    connection = connections[using]
    with transaction.atomic(using=using, durable=True), connection.wrap_database_errors:
        with connection.cursor() as first:
            first.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with Cursor(connection.connection) as cursor:
            yield Snapshot(cursor)
