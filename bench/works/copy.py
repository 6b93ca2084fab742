"""The limit: binary COPY of the very rows that the engine would write, and nothing else."""

import time
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection, transaction
from psycopg import IsolationLevel

from bench import ground
from bench.works.base import Outcome, Run, timed
from bench.works.drafts import batches
from ledger.domain.accounts import Accounts
from ledger.domain.columns import Columns
from ledger.domain.drafts import Drafts, Kind
from ledger.domain.posting import BookState
from ledger.engine import load
from ledger.engine.rows import COLUMNS, Encoder
from ledger.engine.wire import COPY_HEADER, COPY_TRAILER
from qenex.embedded import postgres
from qenex.kernel.ids import uuid7

_COPY = f"COPY bench_copy ({COLUMNS}) FROM STDIN (FORMAT binary)"


@dataclass(frozen=True)
class CopyWork:
    """One client's batches, each a transaction, into a table like that of the transfers."""

    database: str
    book: int
    count: int
    size: int
    hot: bool
    isolation: IsolationLevel

    def prepare(self) -> Run:
        """Rows are encoded by the engine's own code before the clock starts."""
        book = ground.load(settings.VAR).books[self.book]
        state = _state(book)
        drafts = batches(book.accounts, self.count, self.size, hot=self.hot)
        inputs = [_encoded(book.id, state, batch) for batch in drafts]
        own = psycopg.connect(postgres.database_urls(settings.VAR, self.database).writer)
        own.isolation_level = self.isolation
        cursor = own.cursor()

        def copy(rows: bytes) -> None:
            with cursor.copy(_COPY) as into:
                into.write(rows)
            own.commit()

        def run() -> Outcome:
            with own:
                return timed(copy, inputs, self.size)

        return run


def _state(book: ground.Book) -> BookState:
    with transaction.atomic():
        connection.ensure_connection()
        cursor = load.open_cursor(connection.connection)
        return BookState(Accounts(load.accounts(cursor, book.id, book.accounts)))


def _encoded(book: UUID, state: BookState, drafts: Drafts) -> bytes:
    """One COPY of these transfers, byte by byte as `ledger.engine.post` sends it."""
    start_us = time.time_ns() // 1000
    rows = [state.apply(draft, Kind.POSTED, start_us + position) for position, draft in enumerate(drafts)]
    event = uuid7().bytes
    encoded = Encoder(book).rows(Columns.of(rows), [event] * len(rows), [None] * len(rows))
    return b"".join((COPY_HEADER, *encoded, COPY_TRAILER))
