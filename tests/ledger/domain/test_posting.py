"""Plain transfers: what they do, and every reason for which one is refused."""

from datetime import date
from uuid import UUID

import pytest

from ledger.domain.results import Code
from ledger.domain.state import Counters
from qenex.kernel.money import UNIT
from tests.support.rules import (
    ALICE,
    BOB,
    CASH,
    CENT,
    CREDIT,
    DEBIT,
    GOLD,
    GOLD_CASH,
    MAX,
    NOON_US,
    TODAY,
    account,
    apply,
    draft,
    refusal,
    state,
)


def test_a_transfer_moves_both_accounts_and_knows_both_balances_after_it() -> None:
    book = state()
    row = apply(book, draft(10, CASH, ALICE, 25 * UNIT))
    assert book.accounts[CASH].counters() == Counters(225 * UNIT, 0, 0, 0)
    assert book.accounts[ALICE].counters() == Counters(0, 125 * UNIT, 0, 0)
    assert (row.amount, row.debit_balance, row.credit_balance) == (25 * UNIT, 225 * UNIT, 125 * UNIT)
    assert (row.posted_at_us, row.value_day, row.origin) == (NOON_US, TODAY.toordinal(), None)


def test_balances_are_told_on_each_accounts_normal_side() -> None:
    book = state(account(1, normal=DEBIT), account(2, normal=DEBIT))
    row = apply(book, draft(10, 1, 2, 7 * UNIT))
    assert (row.debit_balance, row.credit_balance) == (7 * UNIT, -7 * UNIT)
    book = state(account(1, normal=CREDIT), account(2, normal=CREDIT))
    row = apply(book, draft(10, 1, 2, 7 * UNIT))
    assert (row.debit_balance, row.credit_balance) == (-7 * UNIT, 7 * UNIT)


def test_the_value_date_is_the_posting_day_in_utc_unless_given() -> None:
    last_of_february = NOON_US - 43_200_000_000 - 1
    assert apply(state(), draft(10, CASH, ALICE, CENT), last_of_february).value_day == date(2026, 2, 28).toordinal()
    assert apply(state(), draft(10, CASH, ALICE, CENT), last_of_february + 1).value_day == TODAY.toordinal()
    given = draft(10, CASH, ALICE, CENT, value_date=date(1999, 12, 31))
    assert apply(state(), given).value_day == date(1999, 12, 31).toordinal()


@pytest.mark.parametrize("amount", [0, -CENT, MAX + 1, 10**60])
def test_an_amount_out_of_range_is_refused(amount: int) -> None:
    assert refusal(state(), draft(10, CASH, ALICE, amount)) is Code.AMOUNT_RANGE


@pytest.mark.parametrize("amount", [1, CENT - 1, CENT + 1, UNIT + CENT // 10])
def test_an_amount_with_more_places_than_the_asset_is_refused(amount: int) -> None:
    assert refusal(state(), draft(10, CASH, ALICE, amount)) is Code.AMOUNT_PRECISION


def test_the_smallest_unit_of_an_asset_with_18_places_moves() -> None:
    book = state(account(1, quantum=1), account(2, quantum=1))
    assert apply(book, draft(10, 1, 2, 1)).credit_balance == 1


def test_an_account_may_not_pay_itself() -> None:
    assert refusal(state(), draft(10, ALICE, ALICE, CENT)) is Code.SAME_ACCOUNT
    assert refusal(state(), draft(10, 99, 99, CENT)) is Code.SAME_ACCOUNT


@pytest.mark.parametrize(("debit", "credit"), [(CASH, 99), (99, ALICE), (None, ALICE), (CASH, None), (None, None)])
def test_an_account_that_is_not_there_is_refused(debit: int | None, credit: int | None) -> None:
    assert refusal(state(), draft(10, debit, credit, CENT)) is Code.ACCOUNT_NOT_FOUND


def test_two_assets_do_not_mix() -> None:
    assert refusal(state(), draft(10, GOLD_CASH, ALICE, UNIT)) is Code.ASSET_MISMATCH
    assert refusal(state(), draft(10, ALICE, GOLD_CASH, UNIT)) is Code.ASSET_MISMATCH


@pytest.mark.parametrize(
    ("debit", "credit", "code"),
    [
        ("frozen", "open", Code.ACCOUNT_FROZEN),
        ("open", "frozen", Code.ACCOUNT_FROZEN),
        ("frozen", "frozen", Code.ACCOUNT_FROZEN),
        ("closed", "open", Code.ACCOUNT_CLOSED),
        ("open", "closed", Code.ACCOUNT_CLOSED),
        ("closed", "frozen", Code.ACCOUNT_CLOSED),
        ("frozen", "closed", Code.ACCOUNT_CLOSED),
    ],
)
def test_only_open_accounts_take_part(debit: str, credit: str, code: Code) -> None:
    book = state(account(1, status=debit), account(2, status=credit))
    assert refusal(book, draft(10, 1, 2, CENT)) is code


@pytest.mark.parametrize("floor", [0, -30 * UNIT, 5 * UNIT])
def test_a_debit_takes_a_credit_side_account_to_its_floor_and_no_further(floor: int) -> None:
    book = state(account(1, floor=floor, counters=Counters(0, 100 * UNIT, 0, 0)), account(2))
    room = 100 * UNIT - floor
    assert refusal(book, draft(10, 1, 2, room + CENT)) is Code.INSUFFICIENT_FUNDS
    assert apply(book, draft(11, 1, 2, room)).debit_balance == floor
    assert refusal(book, draft(12, 1, 2, CENT)) is Code.INSUFFICIENT_FUNDS


@pytest.mark.parametrize("floor", [0, -30 * UNIT, 5 * UNIT])
def test_a_credit_takes_a_debit_side_account_to_its_floor_and_no_further(floor: int) -> None:
    book = state(account(1), account(2, normal=DEBIT, floor=floor, counters=Counters(100 * UNIT, 0, 0, 0)))
    room = 100 * UNIT - floor
    assert refusal(book, draft(10, 1, 2, room + CENT)) is Code.INSUFFICIENT_FUNDS
    assert apply(book, draft(11, 1, 2, room)).credit_balance == floor
    assert refusal(book, draft(12, 1, 2, CENT)) is Code.INSUFFICIENT_FUNDS


def test_what_makes_a_balance_grow_never_meets_its_floor() -> None:
    below = Counters(50 * UNIT, 0, 0, 0)
    book = state(account(1, floor=0, counters=below), account(2, normal=DEBIT, floor=0))
    assert apply(book, draft(10, 2, 1, UNIT)).credit_balance == -49 * UNIT
    assert book.accounts[2].posted == UNIT


def test_without_a_floor_a_balance_may_fall_without_end() -> None:
    book = state(account(1), account(2))
    assert apply(book, draft(10, 1, 2, MAX - MAX % CENT)).debit_balance == -(MAX - MAX % CENT)


def test_counters_reach_the_largest_amount_and_not_one_unit_more() -> None:
    almost = Counters(MAX - 1, 0, 0, 0)
    book = state(account(1, quantum=1, counters=almost), account(2, quantum=1))
    assert refusal(book, draft(10, 1, 2, 2)) is Code.AMOUNT_RANGE
    assert apply(book, draft(11, 1, 2, 1)).debit_balance == -MAX
    assert refusal(book, draft(12, 1, 2, 1)) is Code.AMOUNT_RANGE
    book = state(account(1, quantum=1), account(2, quantum=1, counters=Counters(0, MAX, 0, 0)))
    assert refusal(book, draft(13, 1, 2, 1)) is Code.AMOUNT_RANGE


def test_an_account_is_known_by_its_id_as_bytes_and_as_a_number() -> None:
    alice = account(ALICE)
    assert (alice.id, alice.key) == (UUID(int=ALICE).bytes, ALICE)


@pytest.mark.parametrize(("normal", "posted", "free"), [(DEBIT, 6, 2), (CREDIT, -6, -9)])
def test_available_is_posted_less_what_may_yet_go(normal: int, posted: int, free: int) -> None:
    each = account(1, normal=normal, asset=GOLD, counters=Counters(10, 4, 3, 4))
    assert (each.posted, each.available) == (posted, free)


def test_touched_remembers_how_it_was_before_the_first_of_several_transfers() -> None:
    book = state()
    before = {key: book.accounts[key].counters() for key in (ALICE, BOB)}
    apply(book, draft(10, ALICE, BOB, CENT))
    apply(book, draft(11, ALICE, BOB, CENT))
    assert book.touched.accounts == before
    book.undo()
    assert {key: book.accounts[key].counters() for key in (ALICE, BOB)} == before
    assert book.touched.accounts == {}
