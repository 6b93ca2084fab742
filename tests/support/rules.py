"""States, accounts and drafts for tests of the pure rules: no database, and ids that are small numbers."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from ledger.domain.accounts import Accounts
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.posting import BookState, Refused
from ledger.domain.results import Code, TransferResult
from ledger.domain.rows import Row
from ledger.domain.sequence import Order, Walk
from ledger.domain.state import AccountState, Counters
from qenex.kernel.money import UNIT

BOOK = UUID(int=0xB00C)
EURO, GOLD = bytes([1] * 16), bytes([2] * 16)
CENT = UNIT // 100
DEBIT, CREDIT = 1, -1
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_US = int(NOON.timestamp()) * 1_000_000
TODAY = date(2026, 3, 1)
ZERO = Counters(0, 0, 0, 0)
MAX = 10**38 - 1

CASH, ALICE, BOB, GOLD_CASH = 1, 2, 3, 4


def account(number: int, **fields: Any) -> AccountState:
    """A credit-side account in euros without a floor, unless told otherwise."""
    given: dict[str, Any] = {
        "asset": EURO,
        "quantum": CENT,
        "normal": CREDIT,
        "floor": None,
        "status": "open",
        "counters": ZERO,
    }
    return AccountState(UUID(int=number).bytes, **(given | fields))


def state(*accounts: AccountState) -> BookState:
    """A book with these accounts; with none, cash (no floor) and Alice and Bob (floor 0, 100.00 each)."""
    funded = Counters(0, 100 * UNIT, 0, 0)
    usual = (
        account(CASH, normal=DEBIT, counters=Counters(200 * UNIT, 0, 0, 0)),
        account(ALICE, floor=0, counters=funded),
        account(BOB, floor=0, counters=funded),
        account(GOLD_CASH, normal=DEBIT, asset=GOLD, quantum=1),
    )
    return BookState(Accounts(accounts or usual))


def draft(id: int, debit: int | None, credit: int | None, amount: int, **fields: Any) -> TransferDraft:
    """A transfer between numbered accounts, of an amount in units."""
    debit_id, credit_id = (None if side is None else UUID(int=side) for side in (debit, credit))
    return TransferDraft(UUID(int=id), debit_id, credit_id, amount, **fields)


def on(id: int, origin: int, kind: Kind, amount: int = 0, **fields: Any) -> TransferDraft:
    """A transfer that acts on an earlier one."""
    return draft(id, None, None, amount, kind=kind, origin=UUID(int=origin), **fields)


def apply(book: BookState, each: TransferDraft, at_us: int = NOON_US) -> Row:
    """Makes one transfer."""
    return book.apply(each, each.kind, at_us)


def refusal(book: BookState, each: TransferDraft, at_us: int = NOON_US) -> Code:
    """Why the transfer is refused; the refusal changes nothing."""
    before = snapshot(book)
    with pytest.raises(Refused) as caught:
        apply(book, each, at_us)
    assert snapshot(book) == before
    return caught.value.code


def snapshot(book: BookState) -> dict[str, Any]:
    """Everything that a transfer may change."""
    return {
        "accounts": {key: each.counters() for key, each in book.accounts.items()},
        "holds": {key: (each.amount, each.posted, each.status) for key, each in book.holds.items()},
        "origins": {key: each.reversed for key, each in book.origins.items()},
        "touched": (dict(book.touched.accounts), dict(book.touched.holds), dict(book.touched.origins)),
    }


def order(*drafts: TransferDraft, journal: UUID | None = None, verdicts: Any = None) -> Order:
    """One caller's part of a batch."""
    results: list[TransferResult] = []
    return Order(drafts, journal, verdicts or {}, results)


def walk(book: BookState, *, start_us: int = NOON_US, known: Any = None, journals: Any = (), open: bool = True) -> Walk:
    """A walk over one batch."""
    return Walk(BOOK, book, start_us, known or {}, set(journals), open=open)


def codes(results: list[TransferResult]) -> list[str]:
    """What became of each: its state, or the code of its refusal."""
    return [str(result.code or result.status) for result in results]
