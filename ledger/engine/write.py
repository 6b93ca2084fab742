"""Writing a batch: rows by binary COPY, balances by one UPDATE, holds, the journal and the head."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Connection

from ledger.domain.accounts import Changes
from ledger.domain.drafts import Journal, Kind
from ledger.domain.posting import BookState
from ledger.domain.rows import Row
from ledger.engine.load import moment
from ledger.engine.rows import COLUMNS
from ledger.engine.wire import COPY_HEADER, COPY_TRAILER, numeric_array, register_types, uuid_array
from qenex.kernel import canonical, trips
from qenex.kernel.money import to_decimal
from qenex.kernel.trips import Statement

_COPY = f"COPY ledger_transfer ({COLUMNS}) FROM STDIN (FORMAT binary)".encode()
_MOVE = {
    2: b"SELECT ledger_balance_move($1, $2, $3, NULL, NULL)",
    4: b"SELECT ledger_balance_move($1, $2, $3, $4, $5)",
}
"""By how many of the counters moved: pending ones seldom do."""
_HEAD = b"UPDATE ledger_bookhead SET batch_id = $1, last_posted_at = $2 WHERE book_id = $3"
_HOLD = b"""
INSERT INTO ledger_hold (id, book_id, debit_account_id, credit_account_id, asset_id, amount, posted_amount, status,
                         expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, 0, 'open', $7, $8)
"""
_RESOLVE = b"UPDATE ledger_hold SET posted_amount = $1, status = $2, resolved_at = $3 WHERE id = $4"
_JOURNAL = b"""
INSERT INTO ledger_journal (id, book_id, kind, reference, description, reverses_id, rate, metadata, posted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9)
"""


register_types(trips.ADAPTERS)


class BalanceMissing(AssertionError):
    """An account that was read under the lock has no balance row to update: the database was changed by hand."""


BY_INDEX = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""Makes every look-up of the transaction one by primary key, whatever the planner believes about young tables."""


def transfers(connection: Connection[Any], chunks: Iterable[Sequence[bytes]]) -> None:
    """Copies encoded rows, chunk by chunk."""
    trips.copy(connection, _COPY, _stream(chunks), COPY_TRAILER)


def _stream(chunks: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
    lead = COPY_HEADER
    for chunk in chunks:
        yield b"".join((lead, *chunk))
        lead = b""
    if lead:  # there was none
        yield lead


class BalanceChanges:
    """What a batch brought to the counters of the accounts it touched, ready to be sent."""

    def __init__(self, changes: Changes) -> None:
        # In the order of the primary key's first half, neighbours share pages.
        order = np.argsort(changes.ids.view(">u8")[0::2].astype(np.uint64))
        self.count = len(order)
        self.ids = uuid_array(changes.ids[order])
        moved = changes.counters if changes.counters[2:].any() else changes.counters[:2]
        self.counters = [numeric_array(each[order], changes.quantum[order]) for each in moved]

    def statements(self) -> Iterator[Statement]:
        """Add the changes. Fail as BalanceMissing tells where counters are missing."""
        if self.count:
            yield Statement(_MOVE[len(self.counters)], (self.ids, *self.counters))


def holds(book: UUID, state: BookState, rows: Sequence[Row]) -> Iterator[Statement]:
    """Write the holds that were made and what became of those that were touched."""
    for row in rows:
        if row.kind is not Kind.HOLD:
            continue
        hold = state.holds[row.draft.id.int]
        expires = None if hold.expires_at_us is None else moment(hold.expires_at_us)
        ids = (row.draft.id, book, *(UUID(bytes=id) for id in (row.debit.id, row.credit.id, row.debit.asset)))
        yield Statement(_HOLD, (*ids, to_decimal(row.amount), expires, moment(row.posted_at_us)))
    if not state.touched.holds:
        return
    acted_at = {int.from_bytes(row.origin): row.posted_at_us for row in rows if row.origin is not None}
    for key, before in state.touched.holds.items():
        hold = state.holds[key]
        if (hold.posted, hold.status) != (before or (0, "open")):
            resolved = None if hold.status == "open" else moment(acted_at[key])
            yield Statement(_RESOLVE, (to_decimal(hold.posted), hold.status, resolved, UUID(bytes=hold.id)))


def journal(book: UUID, entry: Journal, posted_at_us: int) -> Statement:
    """Writes a journal's own row."""
    metadata = canonical.encode(entry.metadata).decode()
    names = (entry.kind, entry.reference, entry.description, entry.reverses, entry.rate, metadata)
    return Statement(_JOURNAL, (entry.id, book, *names, moment(posted_at_us)))


def head(book: UUID, batch_id: UUID, last_posted_at_us: int) -> Statement:
    """Moves the book's head."""
    return Statement(_HEAD, (batch_id, moment(last_posted_at_us), book))
