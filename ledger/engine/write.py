"""Writing a batch: rows by binary COPY, balances by one UPDATE, holds, the journal and the head."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg import Cursor

from ledger.domain.drafts import Journal, Kind
from ledger.domain.posting import BookState, Row
from ledger.domain.state import Counters
from ledger.engine.load import Row as DbRow
from ledger.engine.load import moment
from ledger.engine.rows import COLUMNS
from ledger.engine.wire import (
    COPY_HEADER,
    COPY_TRAILER,
    NumericArrayDumper,
    UuidArrayDumper,
    numeric_array,
    uuid_array,
)
from qenex.kernel import canonical
from qenex.kernel.money import to_decimal

_COPY = f"COPY ledger_transfer ({COLUMNS}) FROM STDIN (FORMAT binary)"
_POSTED = """
UPDATE ledger_balance b SET debits_posted = b.debits_posted + v.d, credits_posted = b.credits_posted + v.c
FROM unnest(%b, %b, %b) v(id, d, c) WHERE b.account_id = v.id
"""
_POSTED_AND_PENDING = """
UPDATE ledger_balance b SET debits_posted = b.debits_posted + v.d, credits_posted = b.credits_posted + v.c,
    debits_pending = b.debits_pending + v.dp, credits_pending = b.credits_pending + v.cp
FROM unnest(%b, %b, %b, %b, %b) v(id, d, c, dp, cp) WHERE b.account_id = v.id
"""
_HEAD = "UPDATE ledger_bookhead SET batch_id = %b, last_posted_at = %b WHERE book_id = %b"
_HOLD = """
INSERT INTO ledger_hold (id, book_id, debit_account_id, credit_account_id, asset_id, amount, posted_amount, status,
                         expires_at, created_at)
VALUES (%b, %b, %b, %b, %b, %b, 0, 'open', %b, %b)
"""
_RESOLVE = "UPDATE ledger_hold SET posted_amount = %b, status = %b, resolved_at = %b WHERE id = %b"
_JOURNAL = """
INSERT INTO ledger_journal (id, book_id, kind, reference, description, reverses_id, rate, metadata, posted_at)
VALUES (%b, %b, %b, %b, %b, %b, %b, %b::text::jsonb, %b)
"""


class BalanceMissing(AssertionError):
    """An account that was read under the lock has no balance row to update: the database was changed by hand."""


def open_cursor(connection: object) -> Cursor[DbRow]:
    """A cursor that binds parameters on the server, in binary, as the engine's statements expect."""
    cursor: Cursor[DbRow] = Cursor(connection)  # type: ignore[arg-type]  # Django types its connection as Any-like
    cursor.adapters.register_dumper("ledger.engine.wire.NumericArray", NumericArrayDumper)
    cursor.adapters.register_dumper("ledger.engine.wire.UuidArray", UuidArrayDumper)
    return cursor


def transfers(cursor: Cursor[DbRow], chunks: Iterable[Sequence[bytes]]) -> None:
    """Copies encoded rows, chunk by chunk: the server takes in one while the next is being made."""
    with cursor.copy(_COPY) as copy:
        copy.write(COPY_HEADER)
        for chunk in chunks:
            copy.write(b"".join(chunk))
        copy.write(COPY_TRAILER)


def balances(cursor: Cursor[DbRow], state: BookState) -> None:
    """Adds what the batch brought to the counters of the accounts it touched."""
    touched = sorted(state.touched.accounts.items())
    if not touched:
        return
    before = [counters for _, counters in touched]
    after = [state.accounts[key].counters() for key, _ in touched]
    count = len(touched)
    ids = uuid_array([state.accounts[key].id for key, _ in touched], count)
    posted = [numeric_array(_changes(before, after, column), count) for column in (0, 1)]
    if any(old[2:] != new[2:] for old, new in zip(before, after, strict=True)):
        pending = [numeric_array(_changes(before, after, column), count) for column in (2, 3)]
        cursor.execute(_POSTED_AND_PENDING, (ids, *posted, *pending))
    else:
        cursor.execute(_POSTED, (ids, *posted))
    if cursor.rowcount != count:
        raise BalanceMissing(f"{count - cursor.rowcount} accounts have no balance row")


def _changes(before: Sequence[Counters], after: Sequence[Counters], column: int) -> list[int]:
    return [new[column] - old[column] for old, new in zip(before, after, strict=True)]


def holds(cursor: Cursor[DbRow], book: UUID, state: BookState, rows: Sequence[Row], now_us: int) -> None:
    """Writes the holds that were made and what became of those that were touched."""
    now = moment(now_us)
    for row in rows:
        if row.kind is not Kind.HOLD:
            continue
        hold = state.holds[row.draft.id.int]
        expires = None if hold.expires_at_us is None else moment(hold.expires_at_us)
        ids = (row.draft.id, book, *(UUID(bytes=id) for id in (row.debit.id, row.credit.id, row.debit.asset)))
        cursor.execute(_HOLD, (*ids, to_decimal(row.amount), expires, moment(row.posted_at_us)))
    for key, before in state.touched.holds.items():
        hold = state.holds[key]
        if (hold.posted, hold.status) != (before or (0, "open")):
            resolved = None if hold.status == "open" else now
            cursor.execute(_RESOLVE, (to_decimal(hold.posted), hold.status, resolved, UUID(bytes=hold.id)))


def journal(cursor: Cursor[DbRow], book: UUID, entry: Journal, posted_at_us: int) -> None:
    """Writes a journal's own row."""
    metadata = canonical.encode(entry.metadata).decode()
    names = (entry.kind, entry.reference, entry.description, entry.reverses, entry.rate, metadata)
    cursor.execute(_JOURNAL, (entry.id, book, *names, moment(posted_at_us)))


def head(cursor: Cursor[DbRow], book: UUID, batch_id: UUID, last_posted_at_us: int) -> None:
    """Moves the book's head."""
    cursor.execute(_HEAD, (batch_id, moment(last_posted_at_us), book))
