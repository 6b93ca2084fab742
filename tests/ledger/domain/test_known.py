"""Which commands ask for what was written before, and which only use its id."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.known import STATUS, Known
from ledger.domain.results import Status
from tests.support.rules import BOOK, CENT, NOON_US

ID, DEBIT, CREDIT, OTHER = (UUID(int=number) for number in (10, 1, 2, 3))
DAY = date(2026, 3, 1)
CONTENT: dict[str, Any] = {"code": 7, "reference": "rent", "metadata": {"a": [1, "x", None, True]}}
DRAFT = TransferDraft(ID, DEBIT, CREDIT, CENT, value_date=DAY, **CONTENT)


def known(**fields: Any) -> Known:
    """The transfer that DRAFT asked for."""
    given: dict[str, Any] = CONTENT | {
        "book": BOOK,
        "debit": DEBIT,
        "credit": CREDIT,
        "amount": CENT,
        "debit_balance": 1,
        "credit_balance": 2,
        "posted_at_us": NOON_US,
        "value_date": DAY,
        "kind": Kind.POSTED,
        "origin": None,
        "journal": None,
        "timeout": None,
    }
    return Known(**(given | fields))


def same(known: Known, draft: TransferDraft, *, book: UUID = BOOK, journal: UUID | None = None) -> bool:
    return known.same_as(draft, book, journal)


def test_the_same_content_is_the_same() -> None:
    assert same(known(), DRAFT)
    assert same(known(journal=OTHER), DRAFT, journal=OTHER)


@pytest.mark.parametrize(
    "change",
    [
        {"debit_account": OTHER},
        {"credit_account": OTHER},
        {"debit_account": CREDIT, "credit_account": DEBIT},
        {"debit_account": None},
        {"credit_account": None},
        {"amount": 2 * CENT},
        {"amount": 0},
        {"code": 8},
        {"reference": "Rent"},
        {"reference": ""},
        {"metadata": {"a": [1, "x", None, 1]}},
        {"metadata": {"a": [1, "x", None]}},
        {"metadata": None},
        {"value_date": date(2026, 3, 2)},
        {"origin": OTHER},
        {"kind": Kind.HOLD},
        {"kind": Kind.HOLD_POST},
        {"kind": Kind.REVERSAL},
    ],
    ids=str,
)
def test_any_other_content_is_not(change: dict[str, Any]) -> None:
    assert not same(known(), msgspec.structs.replace(DRAFT, **change))


def test_another_book_or_journal_is_not_the_same() -> None:
    assert not same(known(), DRAFT, book=OTHER)
    assert not same(known(), DRAFT, journal=OTHER)
    assert not same(known(journal=OTHER), DRAFT)


def test_without_a_value_date_the_day_of_the_first_posting_was_meant() -> None:
    open_date = msgspec.structs.replace(DRAFT, value_date=None)
    assert same(known(), open_date)
    assert not same(known(value_date=date(2020, 1, 1)), open_date)
    before_midnight = int(datetime(2026, 2, 28, 23, 59, 59, 999_999, UTC).timestamp() * 1_000_000)
    assert same(known(value_date=date(2026, 2, 28), posted_at_us=before_midnight), open_date)


def test_empty_metadata_is_no_metadata() -> None:
    assert same(known(metadata=None), msgspec.structs.replace(DRAFT, metadata={}))
    assert same(known(metadata={}), msgspec.structs.replace(DRAFT, metadata=None))


def test_metadata_is_compared_as_it_is_stored() -> None:
    given = {"id": OTHER, "day": DAY, "sum": Decimal("1.50"), "both": (1, 2)}
    stored = {"both": [1, 2], "day": "2026-03-01", "id": str(OTHER), "sum": "1.50"}
    assert same(known(metadata=stored), msgspec.structs.replace(DRAFT, metadata=given))
    assert not same(known(metadata={"flag": True}), msgspec.structs.replace(DRAFT, metadata={"flag": 1}))


@pytest.mark.parametrize("kind", [Kind.HOLD_POST, Kind.HOLD_VOID, Kind.HOLD_EXPIRE, Kind.REVERSAL])
def test_what_acts_on_another_transfer_may_leave_accounts_and_amount_open(kind: Kind) -> None:
    first = known(kind=kind, origin=OTHER)
    short = TransferDraft(ID, None, None, 0, kind, value_date=DAY, origin=OTHER, **CONTENT)
    assert same(first, short)
    assert same(first, msgspec.structs.replace(short, amount=CENT, debit_account=DEBIT, credit_account=CREDIT))
    assert not same(first, msgspec.structs.replace(short, amount=2 * CENT))
    assert not same(first, msgspec.structs.replace(short, debit_account=CREDIT))
    assert not same(first, msgspec.structs.replace(short, origin=ID))


def test_a_hold_is_compared_with_its_time() -> None:
    hold = msgspec.structs.replace(DRAFT, kind=Kind.HOLD, timeout=60)
    assert same(known(kind=Kind.HOLD, timeout=60), hold)
    assert not same(known(kind=Kind.HOLD, timeout=61), hold)
    assert not same(known(kind=Kind.HOLD, timeout=None), hold)


def test_a_transfer_that_a_gate_held_is_recognised_when_asked_for_again() -> None:
    assert same(known(kind=Kind.HOLD, timeout=None), DRAFT)
    assert not same(known(kind=Kind.HOLD, timeout=60), DRAFT)


def test_a_post_of_a_part_that_left_the_rest_held_is_not_a_final_one() -> None:
    part = TransferDraft(ID, None, None, CENT, Kind.HOLD_POST, value_date=DAY, origin=OTHER, final=False, **CONTENT)
    assert same(known(kind=Kind.HOLD_PART, origin=OTHER), part)
    assert not same(known(kind=Kind.HOLD_PART, origin=OTHER), msgspec.structs.replace(part, final=True))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.POSTED, Status.POSTED),
        (Kind.HOLD, Status.HELD),
        (Kind.HOLD_POST, Status.POSTED),
        (Kind.HOLD_PART, Status.POSTED),
        (Kind.HOLD_VOID, Status.VOIDED),
        (Kind.HOLD_EXPIRE, Status.EXPIRED),
        (Kind.REVERSAL, Status.POSTED),
    ],
)
def test_the_first_answer_again(kind: Kind, status: Status) -> None:
    answer = known(kind=kind).answer(ID)
    assert (answer.id, answer.status, answer.code, answer.replayed) == (ID, status, None, True)
    assert (answer.debit_balance, answer.credit_balance, answer.posted_at_us) == (1, 2, NOON_US)
    assert answer.value_date == DAY


def test_every_kind_has_its_state() -> None:
    assert set(STATUS) == set(Kind)
