"""Reading what a batch needs from the database, under the book's lock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Connection, Cursor

from ledger.domain.accounts import LIMIT, Accounts
from ledger.domain.columns import Array
from ledger.domain.columns import ids as as_array
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.known import Known
from ledger.domain.posting import REVERSIBLE, BookState
from ledger.domain.state import AccountState, Counters, HoldState, OriginState
from ledger.engine.wire import UuidArray, int8_array, int64s, register_types, uuid_array
from qenex.kernel.money import UNIT, from_decimal, quantum

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Row = tuple[Any, ...]

_HEAD = b"""
SELECT b.status, h.batch_id, h.terms_id, h.last_posted_at, ARRAY[%b]::boolean[]
FROM ledger_bookhead h JOIN ledger_book b ON b.id = h.book_id WHERE h.book_id = '%b'
"""
# Rows are found by primary key alone: a condition on the book as well tempts the planner to read the whole book.
# Amounts come as text, which becomes units in a fraction of the time that a Decimal takes.
_ACCOUNTS = """
SELECT a.book_id, a.id, a.asset_id, s.places, b.normal_side, b.floor::text, a.status,
       b.debits_posted::text, b.credits_posted::text, b.debits_pending::text, b.credits_pending::text
FROM unnest(%b) AS named (id) JOIN ledger_balance b ON b.account_id = named.id
    JOIN ledger_account a ON a.id = named.id JOIN ledger_asset s ON s.id = a.asset_id
"""
# What is too wide for a column is left out. The sums are of one pass, so that all of them are in the same order.
_COUNTERS = """
SELECT array_agg(named.position), array_agg((b.debits_posted * named.per_whole)::bigint),
       array_agg((b.credits_posted * named.per_whole)::bigint), array_agg((b.debits_pending * named.per_whole)::bigint),
       array_agg((b.credits_pending * named.per_whole)::bigint)
FROM unnest(%b, %b) WITH ORDINALITY AS named (id, per_whole, position) JOIN ledger_balance b ON b.account_id = named.id
WHERE greatest(b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending) * named.per_whole < %b
"""
_HOLDS = """
SELECT h.book_id, h.id, h.debit_account_id, h.credit_account_id, h.amount, h.posted_amount, h.status, h.expires_at
FROM unnest(%b) AS named (id) JOIN ledger_hold h ON h.id = named.id
"""
_ORIGINS = """
SELECT t.book_id, t.kind, t.id, t.debit_account_id, t.credit_account_id, t.amount,
       (SELECT coalesce(sum(r.amount), 0) FROM ledger_transfer r WHERE r.origin_id = t.id AND r.kind = %b)
FROM unnest(%b) AS named (id) JOIN ledger_transfer t ON t.id = named.id
"""
_KNOWN = """
SELECT t.id, t.book_id, t.debit_account_id, t.credit_account_id, t.amount, t.debit_balance, t.credit_balance,
       t.posted_at, t.value_date, t.kind, t.code, t.origin_id, t.reference, t.metadata, t.journal_id,
       extract(epoch FROM h.expires_at - h.created_at), s.places
FROM unnest(%b) AS named (id) JOIN ledger_transfer t ON t.id = named.id
    JOIN ledger_asset s ON s.id = t.asset_id LEFT JOIN ledger_hold h ON h.id = t.id
"""


class BookNotFound(LookupError):
    """There is no such book."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a book stands."""

    open: bool
    batch_id: UUID
    terms_id: UUID
    last_posted_at_us: int
    conditions: Sequence[bool]
    """Which of the conditions that were asked with it are true."""


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (moment - EPOCH) // _MICROSECOND


def moment(us: int) -> datetime:
    """The moment so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=us)


def open_cursor(raw: Connection[Any]) -> Cursor[Row]:
    """A cursor that binds parameters on the server, in binary, as the engine's statements expect."""
    cursor: Cursor[Row] = Cursor(raw)
    register_types(cursor.adapters)
    return cursor


def _array(ids: Collection[UUID]) -> UuidArray:
    return uuid_array(as_array([id.bytes for id in ids]))


def head_query(book: UUID, conditions: bytes) -> bytes:
    """The query for the book's head, and whether these conditions are true."""
    return _HEAD % (conditions, str(book).encode())


def head(rows: Sequence[Row], book: UUID) -> Head:
    """The book's head, from what that query found. Raises BookNotFound."""
    if not rows:
        raise BookNotFound(f"there is no book {book}")
    [(status, batch_id, terms_id, last_posted_at, conditions)] = rows
    return Head(status == "open", batch_id, terms_id, microseconds(last_posted_at), conditions)


def accounts(cursor: Cursor[Row], book: UUID, ids: Collection[UUID]) -> list[AccountState]:
    """The state of those of the accounts that the book has."""
    found = []
    for row in cursor.execute(_ACCOUNTS, (_array(ids),), binary=True):
        its_book, id, asset, places, normal, floor, status, *counters = row
        if its_book != book:
            continue
        state = AccountState(
            *(id.bytes, asset.bytes, quantum(places), normal),
            *(None if floor is None else _units(floor), status, Counters(*map(_units, counters))),
        )
        found.append(state)
    return found


def renew(cursor: Cursor[Row], known: Accounts, slots: Array) -> None:
    """Reads the counters, and nothing else, of the accounts that stand there."""
    per_whole = UNIT // known.column("quantum")[slots]
    named = (uuid_array(known.ids_of(slots)), int8_array(per_whole), LIMIT)
    result = cursor.execute(_COUNTERS, named, binary=True).pgresult
    assert result is not None
    arrays = [result.get_value(0, column) for column in range(result.nfields)]
    if arrays[0] is not None:
        positions, *counters = (int64s(array) for array in arrays if array is not None)
        known.renew(slots[positions - 1], np.array(counters))


def _units(text: str) -> int:
    """Units of a NUMERIC(38,18) as the server writes it: always with 18 decimals."""
    return int(text.replace(".", "", 1))


def holds(cursor: Cursor[Row], book: UUID, ids: Collection[UUID]) -> dict[int, HoldState]:
    """The state of those of the holds that the book has."""
    found = {}
    for its_book, *hold in cursor.execute(_HOLDS, (_array(ids),), binary=True):
        id, debit, credit, amount, posted, status, expires = hold
        if its_book == book:
            expires_at_us = None if expires is None else microseconds(expires)
            amounts = (from_decimal(amount), from_decimal(posted))
            found[id.int] = HoldState(id.bytes, debit.int, credit.int, *amounts, status, expires_at_us)
    return found


def origins(cursor: Cursor[Row], book: UUID, ids: Collection[UUID]) -> dict[int, OriginState]:
    """Those of the transfers that the book has and that can be reversed, with what was reversed of each."""
    rows = cursor.execute(_ORIGINS, (int(Kind.REVERSAL), _array(ids)), binary=True)
    return {
        id.int: OriginState(debit.int, credit.int, from_decimal(amount), from_decimal(undone))
        for its_book, kind, id, debit, credit, amount, undone in rows
        if its_book == book and kind in REVERSIBLE
    }


def known(cursor: Cursor[Row], ids: Collection[UUID]) -> dict[int, Known]:
    """The transfers that were written before under these ids, in any book."""
    found = {}
    for row in cursor.execute(_KNOWN, (_array(set(ids)),), binary=True):
        id, book, debit, credit = row[:4]
        amount, debit_balance, credit_balance = map(from_decimal, row[4:7])
        posted_at, value_date, kind, code, origin, reference, metadata, journal, timeout, places = row[7:]
        found[id.int] = Known(
            book=book,
            debit=debit,
            credit=credit,
            amount=amount,
            debit_balance=debit_balance,
            credit_balance=credit_balance,
            posted_at_us=microseconds(posted_at),
            value_date=value_date,
            kind=Kind(kind),
            code=code,
            origin=origin,
            reference=reference,
            metadata=metadata,
            journal=journal,
            timeout=None if timeout is None else round(timeout),
            places=places,
        )
    return found


def journals(cursor: Cursor[Row], ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids under which a journal was written before, in any book."""
    query = "SELECT id FROM ledger_journal WHERE id = ANY(%b)"
    return {id for (id,) in cursor.execute(query, (list(ids),), binary=True)}


def exist(cursor: Cursor[Row], ids: Collection[UUID]) -> bool:
    """Whether a transfer was written before under one of these ids."""
    query = "SELECT EXISTS (SELECT FROM unnest(%b) AS named (id) JOIN ledger_transfer t ON t.id = named.id)"
    row = cursor.execute(query, (_array(ids),), binary=True).fetchone()
    return bool(row and row[0])


def fill(raw: Connection[Any], book: UUID, state: BookState, drafts: Sequence[TransferDraft], slots: Array) -> Array:
    """Reads into the state what these transfers may touch and the state does not know yet.

    `slots`: where their accounts stand now, as `Accounts.locate` tells it. Returns where they stand then.
    """
    if [draft.kind for draft in drafts].count(Kind.POSTED) < len(drafts):
        _fill_origins(open_cursor(raw), book, state, drafts)
    known = state.accounts
    acted_on: list[HoldState | OriginState] = [*state.holds.values(), *state.origins.values()]
    others = [key for each in acted_on for key in (each.debit, each.credit)]
    stale = known.stale(np.concatenate([slots, known.locate_keys(others)]) if others else slots)
    if len(stale):
        renew(open_cursor(raw), known, stale)
        slots = known.at_hand(slots)
    if (slots >= 0).all():
        return slots
    named = {id.int for draft in drafts for id in (draft.debit_account, draft.credit_account) if id is not None}
    unknown = [UUID(int=key) for key in named.union(others) if key not in known]
    if unknown:
        known.add(accounts(open_cursor(raw), book, unknown))
    return known.at_hand(known.locate(drafts))


def _fill_origins(cursor: Cursor[Row], book: UUID, state: BookState, drafts: Sequence[TransferDraft]) -> None:
    """Reads what some of the transfers act on."""
    resolving = [draft.origin for draft in drafts if draft.origin and draft.kind is not Kind.REVERSAL]
    if resolving:
        state.holds.update(holds(cursor, book, resolving))
    reversing = [draft.origin for draft in drafts if draft.origin and draft.kind is Kind.REVERSAL]
    if reversing:
        state.origins.update(origins(cursor, book, reversing))
        state.awaited = {origin.int for origin in reversing} & {draft.id.int for draft in drafts}
