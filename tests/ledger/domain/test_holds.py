"""Holds: what they set aside, and what posting, voiding and running out of time do to them."""

import pytest

from ledger.domain.drafts import Kind
from ledger.domain.posting import BookState
from ledger.domain.results import Code
from ledger.domain.state import Counters, Plain
from qenex.kernel.money import UNIT
from tests.support.rules import (
    ALICE,
    BOB,
    CASH,
    CENT,
    DEBIT,
    MAX,
    NOON_US,
    account,
    apply,
    draft,
    on,
    refusal,
    snapshot,
    state,
)

HOLD = 50
LATER = NOON_US + 1_000_000


def held(amount: int = 40 * UNIT, timeout: int | None = None) -> BookState:
    """The usual book where Alice holds an amount for Bob."""
    book = state()
    apply(book, draft(HOLD, ALICE, BOB, amount, kind=Kind.HOLD, timeout=timeout))
    return book


def counters(book: BookState) -> tuple[Plain, Plain]:
    return book.accounts[ALICE].counters(), book.accounts[BOB].counters()


def test_a_hold_sets_aside_and_posts_nothing() -> None:
    book = state()
    row = apply(book, draft(HOLD, ALICE, BOB, 40 * UNIT, kind=Kind.HOLD))
    assert (row.kind, row.amount, row.debit_balance, row.credit_balance) == (
        Kind.HOLD,
        40 * UNIT,
        100 * UNIT,
        100 * UNIT,
    )
    assert counters(book) == (Counters(0, 100 * UNIT, 40 * UNIT, 0), Counters(0, 100 * UNIT, 0, 40 * UNIT))
    assert (book.accounts[ALICE].available, book.accounts[BOB].available) == (60 * UNIT, 100 * UNIT)


def test_what_is_set_aside_cannot_be_spent_or_set_aside_again() -> None:
    book = held()
    assert refusal(book, draft(51, ALICE, BOB, 60 * UNIT + CENT)) is Code.INSUFFICIENT_FUNDS
    assert refusal(book, draft(52, ALICE, BOB, 60 * UNIT + CENT, kind=Kind.HOLD)) is Code.INSUFFICIENT_FUNDS
    assert apply(book, draft(53, ALICE, BOB, 60 * UNIT)).debit_balance == 40 * UNIT


def test_what_a_hold_may_bring_cannot_be_spent_yet() -> None:
    assert refusal(held(), draft(51, BOB, CASH, 100 * UNIT + CENT)) is Code.INSUFFICIENT_FUNDS


def test_a_hold_on_a_debit_side_account_is_set_aside_from_its_credits() -> None:
    book = state(account(1), account(2, normal=DEBIT, floor=0, counters=Counters(10 * UNIT, 0, 0, 0)))
    apply(book, draft(HOLD, 1, 2, 6 * UNIT, kind=Kind.HOLD))
    assert book.accounts[2].available == 4 * UNIT
    assert refusal(book, draft(51, 1, 2, 4 * UNIT + CENT)) is Code.INSUFFICIENT_FUNDS


def test_posting_a_hold_in_full() -> None:
    book = held()
    row = apply(book, on(51, HOLD, Kind.HOLD_POST))
    assert (row.kind, row.amount, row.debit_balance, row.credit_balance) == (
        Kind.HOLD_POST,
        40 * UNIT,
        60 * UNIT,
        140 * UNIT,
    )
    assert row.origin is not None
    assert int.from_bytes(row.origin, "big") == HOLD
    assert counters(book) == (Counters(40 * UNIT, 100 * UNIT, 0, 0), Counters(0, 140 * UNIT, 0, 0))
    assert (book.holds[HOLD].status, book.holds[HOLD].posted, book.holds[HOLD].remaining) == ("posted", 40 * UNIT, 0)


def test_a_final_post_of_a_part_releases_the_rest() -> None:
    book = held()
    assert apply(book, on(51, HOLD, Kind.HOLD_POST, 15 * UNIT)).amount == 15 * UNIT
    assert counters(book) == (Counters(15 * UNIT, 100 * UNIT, 0, 0), Counters(0, 115 * UNIT, 0, 0))
    assert (book.holds[HOLD].status, book.holds[HOLD].posted) == ("posted", 15 * UNIT)
    assert refusal(book, on(52, HOLD, Kind.HOLD_POST, CENT)) is Code.HOLD_RESOLVED


def test_a_post_that_is_not_final_keeps_the_rest_until_all_is_posted() -> None:
    book = held()
    assert apply(book, on(51, HOLD, Kind.HOLD_POST, 15 * UNIT, final=False)).kind is Kind.HOLD_PART
    assert counters(book) == (Counters(15 * UNIT, 100 * UNIT, 25 * UNIT, 0), Counters(0, 115 * UNIT, 0, 25 * UNIT))
    assert (book.holds[HOLD].status, book.holds[HOLD].remaining) == ("open", 25 * UNIT)
    assert refusal(book, on(52, HOLD, Kind.HOLD_POST, 25 * UNIT + CENT)) is Code.HOLD_EXCEEDED
    assert apply(book, on(53, HOLD, Kind.HOLD_POST, 25 * UNIT, final=False)).kind is Kind.HOLD_POST
    assert counters(book) == (Counters(40 * UNIT, 100 * UNIT, 0, 0), Counters(0, 140 * UNIT, 0, 0))
    assert book.holds[HOLD].status == "posted"


def test_zero_posts_what_is_left() -> None:
    book = held()
    apply(book, on(51, HOLD, Kind.HOLD_POST, 15 * UNIT, final=False))
    assert apply(book, on(52, HOLD, Kind.HOLD_POST)).amount == 25 * UNIT


@pytest.mark.parametrize("amount", [40 * UNIT + CENT, MAX])
def test_no_more_is_posted_than_was_held(amount: int) -> None:
    assert refusal(held(), on(51, HOLD, Kind.HOLD_POST, amount)) is Code.HOLD_EXCEEDED


def test_a_post_of_a_negative_or_too_fine_amount_is_refused() -> None:
    assert refusal(held(), on(51, HOLD, Kind.HOLD_POST, -CENT)) is Code.AMOUNT_RANGE
    assert refusal(held(), on(51, HOLD, Kind.HOLD_POST, CENT + 1)) is Code.AMOUNT_PRECISION


@pytest.mark.parametrize(("kind", "status"), [(Kind.HOLD_VOID, "voided"), (Kind.HOLD_EXPIRE, "expired")])
def test_voiding_and_expiring_release_all(kind: Kind, status: str) -> None:
    book = held(timeout=1)
    row = apply(book, on(51, HOLD, kind), LATER - (kind is Kind.HOLD_VOID))
    assert (row.kind, row.amount, row.debit_balance, row.credit_balance) == (kind, 40 * UNIT, 100 * UNIT, 100 * UNIT)
    assert counters(book) == (Counters(0, 100 * UNIT, 0, 0), Counters(0, 100 * UNIT, 0, 0))
    assert (book.holds[HOLD].status, book.holds[HOLD].posted) == (status, 0)


def test_voiding_after_a_part_was_posted_releases_the_rest() -> None:
    book = held()
    apply(book, on(51, HOLD, Kind.HOLD_POST, 15 * UNIT, final=False))
    assert apply(book, on(52, HOLD, Kind.HOLD_VOID)).amount == 25 * UNIT
    assert counters(book) == (Counters(15 * UNIT, 100 * UNIT, 0, 0), Counters(0, 115 * UNIT, 0, 0))
    assert (book.holds[HOLD].status, book.holds[HOLD].posted) == ("voided", 15 * UNIT)


@pytest.mark.parametrize("kind", [Kind.HOLD_VOID, Kind.HOLD_EXPIRE])
def test_a_release_of_less_than_all_is_refused(kind: Kind) -> None:
    """The row would say that less was released than was."""
    at_us = LATER - (kind is Kind.HOLD_VOID)
    assert refusal(held(timeout=1), on(51, HOLD, kind, 10 * UNIT), at_us) is Code.HOLD_EXCEEDED


@pytest.mark.parametrize("first", [Kind.HOLD_POST, Kind.HOLD_VOID, Kind.HOLD_EXPIRE])
@pytest.mark.parametrize("second", [Kind.HOLD_POST, Kind.HOLD_VOID, Kind.HOLD_EXPIRE])
def test_a_hold_is_resolved_once(first: Kind, second: Kind) -> None:
    book = held(timeout=1)
    apply(book, on(51, HOLD, first), LATER if first is Kind.HOLD_EXPIRE else NOON_US)
    assert refusal(book, on(52, HOLD, second), LATER) is Code.HOLD_RESOLVED


@pytest.mark.parametrize("kind", [Kind.HOLD_POST, Kind.HOLD_VOID, Kind.HOLD_EXPIRE])
def test_a_hold_that_is_not_there_is_refused(kind: Kind) -> None:
    assert refusal(state(), on(51, HOLD, kind)) is Code.HOLD_NOT_FOUND
    assert refusal(state(), draft(51, ALICE, BOB, CENT, kind=kind)) is Code.HOLD_NOT_FOUND


@pytest.mark.parametrize("kind", [Kind.HOLD_POST, Kind.HOLD_VOID])
def test_from_the_microsecond_of_its_expiry_a_hold_can_only_expire(kind: Kind) -> None:
    apply(held(timeout=1), on(51, HOLD, kind), LATER - 1)
    assert refusal(held(timeout=1), on(51, HOLD, kind), LATER) is Code.HOLD_RESOLVED
    apply(held(timeout=1), on(51, HOLD, Kind.HOLD_EXPIRE), LATER)


def test_a_hold_does_not_expire_before_its_time() -> None:
    assert refusal(held(timeout=1), on(51, HOLD, Kind.HOLD_EXPIRE), LATER - 1) is Code.HOLD_NOT_DUE
    assert refusal(held(timeout=None), on(51, HOLD, Kind.HOLD_EXPIRE), LATER) is Code.HOLD_NOT_DUE


@pytest.mark.parametrize(("status", "code"), [("frozen", Code.ACCOUNT_FROZEN), ("closed", Code.ACCOUNT_CLOSED)])
@pytest.mark.parametrize("side", [ALICE, BOB])
def test_a_frozen_account_keeps_its_holds_from_posting_but_not_from_release(status: str, code: Code, side: int) -> None:
    book = held()
    book.accounts[side].status = status
    assert refusal(book, on(51, HOLD, Kind.HOLD_POST)) is code
    assert apply(book, on(52, HOLD, Kind.HOLD_VOID)).amount == 40 * UNIT


@pytest.mark.parametrize("counter", ["pending", "posted"])
def test_pending_and_posted_counters_do_not_overflow(counter: str) -> None:
    full = Counters(0, 0, MAX - 1, 0) if counter == "pending" else Counters(MAX - 1, 0, 0, 0)
    book = state(account(1, quantum=1, counters=full), account(2, quantum=1))
    if counter == "pending":
        assert refusal(book, draft(HOLD, 1, 2, 2, kind=Kind.HOLD)) is Code.AMOUNT_RANGE
        apply(book, draft(HOLD, 1, 2, 1, kind=Kind.HOLD))
        return
    apply(book, draft(HOLD, 1, 2, 2, kind=Kind.HOLD))
    assert refusal(book, on(51, HOLD, Kind.HOLD_POST)) is Code.AMOUNT_RANGE
    assert apply(book, on(52, HOLD, Kind.HOLD_POST, 1)).debit_balance == -MAX


def test_undo_forgets_a_hold_that_was_made_and_puts_back_one_that_was_resolved() -> None:
    book = held()
    book.touched = type(book.touched)()
    before = snapshot(book)
    apply(book, on(51, HOLD, Kind.HOLD_POST, 15 * UNIT, final=False))
    apply(book, on(52, HOLD, Kind.HOLD_VOID))
    apply(book, draft(60, BOB, ALICE, 5 * UNIT, kind=Kind.HOLD))
    apply(book, on(61, 60, Kind.HOLD_POST))
    book.undo()
    assert snapshot(book) == before


@pytest.mark.parametrize("quantity", [0, 1])
def test_a_hold_without_funds_or_amount_is_refused(quantity: int) -> None:
    amount = quantity * (100 * UNIT + CENT)
    expected = Code.INSUFFICIENT_FUNDS if quantity else Code.AMOUNT_RANGE
    assert refusal(state(), draft(HOLD, ALICE, BOB, amount, kind=Kind.HOLD)) is expected
