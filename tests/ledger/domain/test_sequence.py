"""Batches: their order is their meaning, ids count once, and what is linked stands or falls together."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.domain.drafts import Kind
from ledger.domain.known import Known
from ledger.domain.results import DETAILS, Code, Status
from ledger.domain.sequence import Order
from ledger.domain.state import Counters
from qenex.kernel.money import UNIT
from tests.support.rules import (
    ALICE,
    BOB,
    BOOK,
    CASH,
    CENT,
    NOON_US,
    codes,
    draft,
    on,
    order,
    snapshot,
    state,
    walk,
)


def rows(each: Order, **options: Any) -> list[int]:
    """Walks one order over the usual book; the ids of the transfers that are written."""
    return [row.draft.id.int for row in walk(state(), **options).unlinked(each)]


def test_each_transfer_gets_its_own_microsecond_and_a_refused_one_gets_none() -> None:
    batch = order(draft(10, CASH, ALICE, CENT), draft(11, CASH, ALICE, 0), draft(12, CASH, BOB, CENT))
    sequence = walk(state())
    written = list(sequence.unlinked(batch))
    assert [row.posted_at_us for row in written] == [NOON_US, NOON_US + 1]
    assert [result.posted_at_us for result in batch.results] == [NOON_US, 0, NOON_US + 1]
    assert sequence.next_us == NOON_US + 2


def test_a_result_tells_state_time_and_balances() -> None:
    batch = order(draft(10, CASH, ALICE, CENT))
    assert rows(batch) == [10]
    [result] = batch.results
    assert (result.id, result.status, result.code, result.detail, result.replayed) == (
        *(UUID(int=10), Status.POSTED, None, "", False),
    )
    assert (result.debit_balance, result.credit_balance) == (200 * UNIT + CENT, 100 * UNIT + CENT)
    assert (result.ok, result.value_date) == (True, date(2026, 3, 1))


def test_a_refusal_tells_why_in_words() -> None:
    batch = order(draft(10, CASH, ALICE, 0))
    assert rows(batch) == []
    [result] = batch.results
    assert (result.status, result.code, result.detail) == (
        Status.REFUSED,
        Code.AMOUNT_RANGE,
        DETAILS[Code.AMOUNT_RANGE],
    )
    assert (result.ok, result.posted_at_us, result.debit_balance) == (False, 0, 0)


def test_a_later_transfer_spends_what_an_earlier_one_brought() -> None:
    pay_in, pay_out = draft(10, CASH, ALICE, 50 * UNIT), draft(11, ALICE, BOB, 150 * UNIT)
    good, bad = order(pay_in, pay_out), order(pay_out, pay_in)
    assert rows(good) == [10, 11]
    assert codes(good.results) == ["posted", "posted"]
    assert rows(bad) == [10]
    assert codes(bad.results) == ["insufficient_funds", "posted"]


def test_a_later_transfer_posts_what_an_earlier_one_held() -> None:
    batch = order(
        draft(10, ALICE, BOB, 40 * UNIT, kind=Kind.HOLD), on(11, 10, Kind.HOLD_POST), on(12, 10, Kind.HOLD_VOID)
    )
    assert rows(batch) == [10, 11]
    assert codes(batch.results) == ["held", "posted", "hold_resolved"]


def test_the_same_transfer_again_in_a_batch_gives_the_first_answer() -> None:
    batch = order(draft(10, CASH, ALICE, CENT), draft(11, CASH, ALICE, CENT), draft(10, CASH, ALICE, CENT))
    assert rows(batch) == [10, 11]
    first, _, again = batch.results
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.posted_at_us, again.credit_balance) == (first.posted_at_us, first.credit_balance)


@pytest.mark.parametrize(
    "change",
    [{"amount": 2 * CENT}, {"code": 2}, {"reference": "x"}, {"metadata": {"a": 1}}, {"value_date": date(2020, 1, 1)}],
    ids=lambda change: next(iter(change)),
)
def test_the_same_id_with_other_content_in_a_batch_is_refused(change: dict[str, Any]) -> None:
    content: dict[str, Any] = {"amount": CENT} | change
    batch = order(draft(10, CASH, ALICE, CENT), draft(10, CASH, ALICE, **content))
    assert rows(batch) == [10]
    assert codes(batch.results) == ["posted", "id_reused"]


def test_an_id_whose_transfer_was_refused_may_be_used_again() -> None:
    batch = order(draft(10, ALICE, BOB, 900 * UNIT), draft(10, ALICE, BOB, 9 * UNIT))
    assert rows(batch) == [10]
    assert codes(batch.results) == ["insufficient_funds", "posted"]


def test_two_callers_of_one_batch_share_ids_and_balances() -> None:
    sequence = walk(state())
    first, second = (
        order(draft(10, CASH, ALICE, 50 * UNIT)),
        order(draft(10, CASH, ALICE, CENT), draft(11, ALICE, BOB, 150 * UNIT)),
    )
    assert [row.draft.id.int for each in (first, second) for row in sequence.unlinked(each)] == [10, 11]
    assert codes(second.results) == ["id_reused", "posted"]


def test_the_same_transfer_in_two_journals_is_not_the_same() -> None:
    sequence = walk(state())
    first, second = (order(draft(10, CASH, ALICE, CENT), journal=UUID(int=number)) for number in (1, 2))
    assert [len(sequence.linked(each)) for each in (first, second)] == [1, 0]
    assert codes(second.results) == ["id_reused"]


def test_a_closed_book_refuses_all() -> None:
    batch = order(draft(10, CASH, ALICE, CENT), on(11, 10, Kind.HOLD_VOID))
    assert rows(batch, open=False) == []
    assert codes(batch.results) == ["book_closed", "book_closed"]


# --- gates


def test_a_gates_verdict_refuses_or_holds() -> None:
    verdicts = {0: (Code.GATE_REFUSED, "too much"), 1: (Kind.HOLD, "look at it"), 2: (Kind.HOLD, "look at it")}
    batch = order(
        draft(10, CASH, ALICE, CENT),
        draft(11, CASH, ALICE, CENT),
        draft(12, ALICE, BOB, CENT, kind=Kind.HOLD),
        draft(13, CASH, ALICE, CENT),
        verdicts=verdicts,
    )
    assert rows(batch) == [11, 12, 13]
    assert codes(batch.results) == ["gate_refused", "held", "held", "posted"]
    assert [result.detail for result in batch.results] == ["too much", "", "", ""]


def test_a_gate_does_not_stop_what_ends_a_hold_or_reverses() -> None:
    batch = order(
        draft(10, ALICE, BOB, CENT, kind=Kind.HOLD), on(11, 10, Kind.HOLD_VOID), verdicts={1: (None, "never")}
    )
    assert rows(batch) == [10, 11]


# --- linked


def test_a_linked_order_stands_whole() -> None:
    book = state()
    batch = order(draft(10, CASH, ALICE, 50 * UNIT), draft(11, ALICE, BOB, 150 * UNIT))
    assert [row.draft.id.int for row in walk(book).linked(batch)] == [10, 11]
    assert book.accounts[BOB].counters() == Counters(0, 250 * UNIT, 0, 0)


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_linked_order_with_one_refusal_leaves_nothing(broken: int) -> None:
    book = state()
    before = snapshot(book)
    drafts = [draft(10 + number, CASH, ALICE, CENT) for number in range(3)]
    drafts[broken] = draft(10 + broken, ALICE, BOB, 999 * UNIT)
    batch, sequence = order(*drafts), walk(book)
    assert sequence.linked(batch) == []
    expected = ["linked_failed"] * 3
    expected[broken] = "insufficient_funds"
    assert codes(batch.results) == expected
    assert snapshot(book) == before
    assert (sequence.next_us, sequence.made) == (NOON_US, {})


def test_a_failed_linked_order_leaves_what_came_before_it_in_the_batch() -> None:
    book = state()
    sequence = walk(book)
    before = order(draft(10, ALICE, BOB, 40 * UNIT, kind=Kind.HOLD), draft(11, CASH, ALICE, CENT))
    assert len(list(sequence.unlinked(before))) == 2
    kept = snapshot(book)
    failing = order(
        on(20, 10, Kind.HOLD_POST, UNIT, final=False), draft(21, CASH, BOB, CENT), draft(22, CASH, CASH, CENT)
    )
    assert sequence.linked(failing) == []
    assert codes(failing.results) == ["linked_failed", "linked_failed", "same_account"]
    assert snapshot(book) == kept
    after = order(on(30, 10, Kind.HOLD_POST), draft(21, CASH, BOB, CENT))
    assert [row.posted_at_us for row in sequence.linked(after)] == [NOON_US + 2, NOON_US + 3]
    assert book.touched.holds == {10: None}
    assert book.touched.accounts[ALICE] == Counters(0, 100 * UNIT, 0, 0)


def test_a_failed_linked_order_forgets_the_hold_that_it_made() -> None:
    book = state()
    sequence = walk(book)
    failing = order(draft(10, ALICE, BOB, CENT, kind=Kind.HOLD), draft(11, CASH, CASH, CENT))
    assert sequence.linked(failing) == []
    later = order(on(12, 10, Kind.HOLD_POST))
    assert list(sequence.unlinked(later)) == []
    assert codes(later.results) == ["hold_not_found"]


def test_a_linked_order_with_the_same_transfer_twice_fails() -> None:
    batch = order(draft(10, CASH, ALICE, CENT), draft(10, CASH, ALICE, CENT))
    assert walk(state()).linked(batch) == []
    assert codes(batch.results) == ["linked_failed", "id_reused"]


# --- known from before


def known(id: int, **fields: Any) -> dict[int, Known]:
    """A transfer of one cent from cash to Alice that was written under this id."""
    given: dict[str, Any] = {
        "book": BOOK,
        "debit": UUID(int=CASH),
        "credit": UUID(int=ALICE),
        "amount": CENT,
        "debit_balance": 5 * CENT,
        "credit_balance": 7 * CENT,
        "posted_at_us": NOON_US - 99,
        "value_date": date(2026, 3, 1),
        "kind": Kind.POSTED,
        "code": 1,
        "origin": None,
        "reference": "",
        "metadata": None,
        "journal": None,
        "timeout": None,
    }
    return {id: Known(**(given | fields))}


def test_what_is_known_gives_its_first_answer_and_posts_nothing() -> None:
    batch = order(draft(10, CASH, ALICE, CENT))
    assert rows(batch, known=known(10)) == []
    [result] = batch.results
    assert (result.status, result.replayed, result.posted_at_us) == (Status.POSTED, True, NOON_US - 99)
    assert (result.debit_balance, result.credit_balance, result.value_date) == (5 * CENT, 7 * CENT, date(2026, 3, 1))


def test_what_is_known_answers_even_where_it_would_be_refused_now() -> None:
    batch = order(draft(10, CASH, ALICE, CENT), verdicts={0: (None, "no more")})
    assert rows(batch, known=known(10), open=False) == []
    assert codes(batch.results) == ["posted"]


def test_what_is_known_with_other_content_is_refused_for_ever() -> None:
    batch = order(draft(10, CASH, BOB, CENT))
    assert rows(batch, known=known(10)) == []
    assert codes(batch.results) == ["id_reused"]


def test_a_linked_order_that_is_known_whole_stands_as_it_stood() -> None:
    batch = order(draft(10, CASH, ALICE, CENT), draft(11, CASH, ALICE, CENT))
    assert walk(state(), known=known(10) | known(11)).linked(batch) == []
    assert [(result.ok, result.replayed) for result in batch.results] == [(True, True), (True, True)]


def test_a_linked_order_that_is_known_in_part_fails() -> None:
    batch = order(draft(10, CASH, ALICE, CENT), draft(11, CASH, ALICE, CENT))
    assert walk(state(), known=known(10)).linked(batch) == []
    assert codes(batch.results) == ["id_reused", "linked_failed"]


def test_every_code_has_its_words() -> None:
    assert set(DETAILS) == set(Code)
    assert all(text.endswith(".") for text in DETAILS.values())


def test_nothing_is_added_to_a_journal_that_stands() -> None:
    journal = UUID(int=77)
    late = order(draft(10, CASH, ALICE, CENT), draft(11, CASH, ALICE, CENT), journal=journal)
    assert walk(state(), known=known(10, journal=journal), journals={journal}).linked(late) == []
    assert codes(late.results) == ["id_reused", "id_reused"]
    sequence = walk(state())
    first, second = (order(draft(number, CASH, ALICE, CENT), journal=journal) for number in (20, 21))
    assert [len(sequence.linked(each)) for each in (first, second)] == [1, 0]
    assert codes(second.results) == ["id_reused"]


def test_a_journal_that_failed_may_be_tried_again_in_the_same_batch() -> None:
    sequence, journal = walk(state()), UUID(int=77)
    bad, good = (order(draft(10, ALICE, BOB, amount * UNIT), journal=journal) for amount in (900, 9))
    assert [len(sequence.linked(each)) for each in (bad, good)] == [0, 1]
