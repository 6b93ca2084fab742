"""Reversals: the other way round, in parts, and never for more than was posted."""

import pytest

from ledger.domain.drafts import Kind
from ledger.domain.posting import BookState
from ledger.domain.results import Code
from ledger.domain.state import Counters, OriginState
from qenex.kernel.money import UNIT
from tests.support.rules import ALICE, BOB, CENT, apply, draft, on, refusal, snapshot, state

PAID = 70


def paid(amount: int = 30 * UNIT, reversed: int = 0) -> BookState:
    """The usual book where Alice has paid Bob some time ago."""
    book = state()
    book.origins[PAID] = OriginState(ALICE, BOB, amount, reversed)
    return book


def test_a_reversal_posts_the_other_way_round() -> None:
    book = paid()
    row = apply(book, on(71, PAID, Kind.REVERSAL))
    assert (row.kind, row.debit.key, row.credit.key, row.amount) == (Kind.REVERSAL, BOB, ALICE, 30 * UNIT)
    assert (row.debit_balance, row.credit_balance) == (70 * UNIT, 130 * UNIT)
    assert row.origin is not None
    assert int.from_bytes(row.origin, "big") == PAID
    assert book.accounts[BOB].counters() == Counters(30 * UNIT, 100 * UNIT, 0, 0)
    assert book.origins[PAID].reversed == 30 * UNIT


def test_parts_add_up_to_the_whole_and_no_further() -> None:
    book = paid()
    assert apply(book, on(71, PAID, Kind.REVERSAL, 10 * UNIT)).amount == 10 * UNIT
    assert refusal(book, on(72, PAID, Kind.REVERSAL, 20 * UNIT + CENT)) is Code.REVERSAL_EXCEEDED
    assert apply(book, on(73, PAID, Kind.REVERSAL)).amount == 20 * UNIT
    assert refusal(book, on(74, PAID, Kind.REVERSAL)) is Code.REVERSAL_EXCEEDED
    assert refusal(book, on(75, PAID, Kind.REVERSAL, CENT)) is Code.REVERSAL_EXCEEDED


def test_what_was_reversed_before_counts() -> None:
    assert refusal(paid(reversed=25 * UNIT), on(71, PAID, Kind.REVERSAL, 5 * UNIT + CENT)) is Code.REVERSAL_EXCEEDED
    assert apply(paid(reversed=25 * UNIT), on(71, PAID, Kind.REVERSAL)).amount == 5 * UNIT


def test_only_a_known_posted_transfer_is_reversed() -> None:
    assert refusal(state(), on(71, PAID, Kind.REVERSAL)) is Code.REVERSAL_NOT_POSSIBLE
    assert refusal(state(), draft(71, ALICE, BOB, CENT, kind=Kind.REVERSAL)) is Code.REVERSAL_NOT_POSSIBLE


@pytest.mark.parametrize(("amount", "code"), [(-CENT, Code.AMOUNT_RANGE), (CENT + 1, Code.AMOUNT_PRECISION)])
def test_a_reversal_of_a_negative_or_too_fine_amount_is_refused(amount: int, code: Code) -> None:
    assert refusal(paid(), on(71, PAID, Kind.REVERSAL, amount)) is code


def test_a_reversal_keeps_to_floors_and_to_open_accounts() -> None:
    book = paid(amount=130 * UNIT)
    assert refusal(book, on(71, PAID, Kind.REVERSAL)) is Code.INSUFFICIENT_FUNDS
    book.accounts[ALICE].status = "frozen"
    assert refusal(book, on(72, PAID, Kind.REVERSAL, CENT)) is Code.ACCOUNT_FROZEN
    book.accounts[BOB].status = "closed"
    assert refusal(book, on(73, PAID, Kind.REVERSAL, CENT)) is Code.ACCOUNT_CLOSED


def test_undo_gives_back_what_may_be_reversed() -> None:
    book = paid()
    before = snapshot(book)
    apply(book, on(71, PAID, Kind.REVERSAL, 10 * UNIT))
    apply(book, on(72, PAID, Kind.REVERSAL))
    book.undo()
    assert snapshot(book) == before
