"""Posting through the service, into the database: what is written, what is answered, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger import services
from ledger.domain.drafts import Kind, TransferDraft
from ledger.errors import Invalid, NotFound
from ledger.models import Hold, Transfer
from ledger.services.transfers import MAX_METADATA_BYTES, MAX_REFERENCE
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from qenex.kernel.money import UNIT
from tests.support.ledger import (
    available,
    counters,
    give,
    hold,
    make_account,
    make_asset,
    make_book,
    make_shop,
    on,
    one,
    outcomes,
    post,
    posted,
    recount,
    transfer_count,
)

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.smoke]
NOON = datetime(2031, 3, 1, 12, tzinfo=UTC)


def test_a_posted_transfer_is_written_as_it_was_asked_for() -> None:
    shop = make_shop(2, funds="100")
    alice, bob = shop.customers
    draft = give(
        alice,
        bob,
        "30.25",
        code=7,
        reference="rent",
        metadata={"b": [1, None], "a": "ü"},
        value_date=date(2020, 2, 29),
    )
    with clock.frozen(NOON):
        result = one(shop.book, draft)
    row = Transfer.objects.get(pk=draft.id)
    assert (row.book_id, row.debit_account_id, row.credit_account_id) == (shop.book.pk, alice.pk, bob.pk)
    assert (row.asset_id, row.amount, row.kind, row.code) == (shop.asset.pk, Decimal("30.25"), Kind.POSTED, 7)
    assert (row.debit_balance, row.credit_balance) == (Decimal("69.75"), Decimal("130.25"))
    assert (row.posted_at, row.value_date) == (NOON, date(2020, 2, 29))
    assert (row.reference, row.metadata, row.journal_id, row.origin_id) == (
        "rent",
        {"a": "ü", "b": [1, None]},
        None,
        None,
    )
    assert (result.status, result.posted_at_us, result.value_date) == (
        *("posted", int(NOON.timestamp()) * 1_000_000, date(2020, 2, 29)),
    )
    assert (result.debit_balance, result.credit_balance) == (69_750_000_000_000_000_000, 130_250_000_000_000_000_000)
    assert (posted(alice), posted(bob)) == (Decimal("69.75"), Decimal("130.25"))


def test_the_value_date_is_the_day_of_posting_unless_given() -> None:
    shop = make_shop(1)
    with clock.frozen(datetime(2031, 12, 31, 23, 59, 59, 999_999, UTC)):
        results = post(shop.book, give(shop.cash, shop.customers[0], 1), give(shop.cash, shop.customers[0], 1))
    assert [result.value_date for result in results] == [date(2031, 12, 31), date(2032, 1, 1)]
    dates = Transfer.objects.filter(book_id=shop.book.pk).order_by("posted_at").values_list("value_date", flat=True)
    assert list(dates) == [date(2031, 12, 31), date(2032, 1, 1)]


def test_a_refused_transfer_leaves_nothing() -> None:
    shop = make_shop(2, funds="10")
    before = counters(shop.customers[0])
    result = one(shop.book, give(*shop.pair, "10.01"))
    assert (result.status, result.code, result.ok) == ("refused", "insufficient_funds", False)
    assert counters(shop.customers[0]) == before
    assert transfer_count(shop.book) == 2


def test_an_unlinked_batch_posts_the_good_ones_and_a_linked_one_none() -> None:
    shop = make_shop(2, funds="10")
    alice, bob = shop.customers
    batch = [give(alice, bob, 4), give(alice, bob, 7), give(bob, alice, 14), give(alice, bob, 20)]
    assert outcomes(post(shop.book, *batch, linked=True)) == [
        "linked_failed",
        "insufficient_funds",
        "linked_failed",
        "linked_failed",
    ]
    assert (posted(alice), posted(bob), transfer_count(shop.book)) == (10, 10, 2)
    assert outcomes(post(shop.book, *batch)) == ["posted", "insufficient_funds", "posted", "posted"]
    assert (posted(alice), posted(bob), transfer_count(shop.book)) == (0, 20, 5)


def test_every_reason_to_refuse_reaches_the_caller_from_the_database() -> None:
    shop, gold = make_shop(3, funds="100"), make_asset(18)
    alice, bob, carol = shop.customers
    safe = make_account(shop.book, gold, "asset")
    stranger = make_shop(1).customers[0]
    services.account_update(account=bob, status="frozen")
    services.account_update(account=carol, floor=Decimal(100))
    done = make_account(shop.book, shop.asset, "asset")
    services.account_update(account=done, status="closed")
    batch = [
        give(alice, alice, 1),
        give(alice, stranger, 1),
        give(alice, bob, 1),
        give(done, alice, 1),
        give(safe, alice, 1),
        give(carol, alice, "0.01"),
        give(alice, carol, "0.001"),
        give(alice, carol, 0),
        give(alice, carol, -1),
        on(uuid7(), Kind.HOLD_POST),
        on(uuid7(), Kind.HOLD_VOID),
        on(uuid7(), Kind.REVERSAL),
    ]
    assert outcomes(post(shop.book, *batch)) == [
        *("same_account", "account_not_found", "account_frozen", "account_closed", "asset_mismatch"),
        *("insufficient_funds", "amount_precision", "amount_range", "amount_range"),
        *("hold_not_found", "hold_not_found", "reversal_not_possible"),
    ]
    assert transfer_count(shop.book) == 3


def test_a_closed_book_refuses_until_it_is_open_again() -> None:
    shop = make_shop(1)
    services.book_update(book=shop.book, status="closed")
    assert shop.fund(shop.customers[0], 1).code == "book_closed"
    services.book_update(book=shop.book, status="open")
    assert shop.fund(shop.customers[0], 1).ok


def test_the_largest_amount_fits_and_one_unit_more_does_not() -> None:
    shop = make_shop(1, places=18, floor=None)
    [account] = shop.customers
    most = Decimal("99999999999999999999.999999999999999999")
    result = shop.fund(account, most)
    assert (result.ok, result.credit_balance, result.debit_balance) == (True, 10**38 - 1, 10**38 - 1)
    assert (posted(account), counters(account).credits) == (most, 10**38 - 1)
    assert shop.fund(account, "0.000000000000000001").code == "amount_range"
    assert one(shop.book, TransferDraft(uuid7(), shop.cash.pk, account.pk, 10**38)).code == "amount_range"
    back = one(shop.book, give(account, shop.cash, most))
    assert (back.debit_balance, back.credit_balance, posted(account)) == (0, 0, 0)
    assert recount(shop.book) == {}


# --- the same id again


@pytest.fixture(params=["warm", "cold"])
def memory(request: pytest.FixtureRequest) -> Any:
    """Whether this process remembers the book or has to read it."""
    from ledger.engine import cache

    return cache.forget if request.param == "cold" else lambda: None


def test_the_same_transfer_again_gives_the_first_answer_alone_and_in_other_batches(memory: Any) -> None:
    shop = make_shop(2, funds="100")
    draft = give(*shop.pair, 30, reference="x", metadata={"id": uuid4()})
    first = one(shop.book, draft)
    post(shop.book, give(*shop.pair, 60), give(shop.cash, shop.customers[1], 5))
    memory()
    again = one(shop.book, draft)
    later = post(shop.book, give(*shop.pair, 1), draft, give(*shop.pair, 1))
    assert (first.replayed, again.replayed) == (False, True)
    for each in (again, later[1]):
        assert (each.status, each.posted_at_us, each.value_day) == (first.status, first.posted_at_us, first.value_day)
        assert (each.debit_balance, each.credit_balance) == (first.debit_balance, first.credit_balance)
    assert [result.replayed for result in later] == [False, True, False]
    assert (posted(shop.customers[0]), transfer_count(shop.book)) == (8, 7)


def test_a_repetition_is_answered_even_where_it_would_be_refused_now(memory: Any) -> None:
    shop = make_shop(2, funds="100")
    draft = give(*shop.pair, 100)
    assert one(shop.book, draft).ok
    services.account_update(account=shop.customers[1], status="frozen")
    services.book_update(book=shop.book, status="closed")
    memory()
    again = one(shop.book, draft)
    assert (again.status, again.replayed) == ("posted", True)
    assert outcomes(post(shop.book, draft, give(*shop.pair, 1))) == ["posted", "book_closed"]
    assert transfer_count(shop.book) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 2 * UNIT},
        {"code": 2},
        {"reference": "y"},
        {"metadata": {"a": 2}},
        {"value_date": date(2020, 1, 1)},
        {"kind": Kind.REVERSAL, "debit_account": None, "credit_account": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_id_with_other_content_is_refused_for_ever(change: dict[str, Any]) -> None:
    shop = make_shop(2, funds="100")
    content: dict[str, Any] = {
        "id": uuid7(),
        "debit_account": shop.cash.pk,
        "credit_account": shop.customers[0].pk,
        "amount": UNIT,
        "reference": "x",
        "metadata": {"a": 1},
    }
    assert one(shop.book, TransferDraft(**content)).ok
    other = TransferDraft(**(content | change))
    assert outcomes([*post(shop.book, other), *post(shop.book, give(*shop.pair, 1), other)]) == [
        *("id_reused", "posted", "id_reused"),
    ]
    assert one(shop.book, TransferDraft(**content)).replayed


def test_an_id_of_another_book_is_refused() -> None:
    here, there = make_shop(1), make_shop(1)
    used = here.fund(here.customers[0], 1).id
    assert one(there.book, give(there.cash, there.customers[0], 1, id=used)).code == "id_reused"
    assert one(there.book, give(here.cash, here.customers[0], 1, id=used)).code == "id_reused"
    assert (transfer_count(there.book), posted(there.customers[0])) == (0, 0)


def test_a_linked_batch_again_stands_and_with_one_more_it_fails() -> None:
    shop = make_shop(2, funds="100")
    batch = [give(*shop.pair, 30), give(*shop.pair, 70)]
    assert outcomes(post(shop.book, *batch, linked=True)) == ["posted", "posted"]
    again = post(shop.book, *batch, linked=True)
    assert [(result.ok, result.replayed) for result in again] == [(True, True)] * 2
    more = post(shop.book, *batch, give(shop.cash, shop.customers[0], 1), linked=True)
    assert outcomes(more) == ["id_reused", "id_reused", "linked_failed"]
    assert transfer_count(shop.book) == 4


# --- holds and order


def test_holds_in_one_batch_and_across_batches() -> None:
    shop = make_shop(2, funds="100")
    alice, bob = shop.customers
    first, second = hold(alice, bob, 60), hold(alice, bob, 50)
    assert outcomes(post(shop.book, first, second)) == ["held", "insufficient_funds"]
    assert (posted(alice), available(alice), available(bob)) == (100, 40, 100)
    part = on(first.id, Kind.HOLD_POST, 10, final=False)
    assert outcomes(post(shop.book, part, on(first.id, Kind.HOLD_POST, 51), on(first.id, Kind.HOLD_POST, 20))) == [
        *("posted", "hold_exceeded", "posted"),
    ]
    assert (posted(alice), available(alice), posted(bob)) == (70, 70, 130)
    row = Hold.objects.get(pk=first.id)
    assert (row.status, row.amount, row.posted_amount) == ("posted", 60, 30)
    assert row.resolved_at is not None
    assert recount(shop.book) == {}


def test_a_batch_that_makes_and_resolves_a_hold_writes_its_end() -> None:
    shop = make_shop(2, funds="100")
    made = hold(*shop.pair, 60, timeout=60)
    assert outcomes(post(shop.book, made, on(made.id, Kind.HOLD_VOID))) == ["held", "voided"]
    row = Hold.objects.get(pk=made.id)
    assert (row.status, row.posted_amount, row.remaining) == ("voided", Decimal(0), Decimal(0))
    assert (available(shop.customers[0]), recount(shop.book)) == (100, {})


def test_posted_at_is_strictly_increasing_while_the_clock_stands_still_or_goes_back() -> None:
    shop = make_shop(1)
    for moment in (NOON, NOON, NOON.replace(hour=3), NOON.replace(hour=13)):
        with clock.frozen(moment):
            post(shop.book, *[give(shop.cash, shop.customers[0], 1) for _ in range(3)])
    times = list(Transfer.objects.filter(book_id=shop.book.pk).order_by("id").values_list("posted_at", flat=True))
    since_noon = [round((each - NOON).total_seconds() * 1_000_000) for each in times]
    assert since_noon == [*range(9), *range(3_600_000_000, 3_600_000_003)]


# --- what a caller may write


def test_metadata_and_reference_of_the_greatest_length_fit() -> None:
    shop = make_shop(1)
    metadata = {"a": "x" * (MAX_METADATA_BYTES - 8)}
    draft = give(shop.cash, shop.customers[0], 1, metadata=metadata, reference="ü" * MAX_REFERENCE)
    assert one(shop.book, draft).ok
    assert one(shop.book, draft).replayed
    row = Transfer.objects.get(pk=draft.id)
    assert (row.metadata, row.reference) == (metadata, "ü" * MAX_REFERENCE)


def test_mappings_name_accounts_kinds_and_amounts_in_many_ways() -> None:
    shop = make_shop(1)
    [alice] = shop.customers
    base = {"debit_account": shop.cash, "credit_account": str(alice.pk)}
    made = uuid7()
    results = services.transfers_post(
        book=shop.book.code,
        transfers=[
            base | {"amount": "1.50"},
            base | {"amount": Decimal("2.5")},
            base | {"amount": 3, "value_date": "2026-01-31"},
            base | {"amount": 4, "kind": "hold", "id": str(made)},
            {"kind": "hold_post", "origin": made, "amount": "1", "final": False},
            {"kind": "hold_void", "origin": str(made)},
        ],
    )
    assert outcomes(results) == ["posted", "posted", "posted", "held", "posted", "voided"]
    assert (posted(alice), results[2].value_date) == (8, date(2026, 1, 31))
    assert len({result.id for result in results}) == 6


@pytest.mark.parametrize("book", ["no-such-book", UUID(int=1)])
def test_an_unknown_book_is_not_found(book: str | UUID) -> None:
    shop = make_shop(1)
    with pytest.raises(NotFound):
        services.transfers_post(book=book, transfers=[give(shop.cash, shop.customers[0], 1)])


def test_a_batch_has_its_limit_and_may_be_empty() -> None:
    book, nobody = make_book(), TransferDraft(uuid7(), UUID(int=1), UUID(int=2), UNIT)
    assert post(book) == []
    with pytest.raises(Invalid, match="at most 10000 transfers, not 10001"):
        post(book, *[nobody] * 10_001)
    assert Event.objects.filter(book_id=book.pk).count() == 1


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_batch_whose_pending_sums_cancel_on_one_side_is_written_on_the_other(mirrored: bool) -> None:
    shop = make_shop(3, funds="100")
    alice, bob, carol = shop.customers
    first, second = (
        (hold(bob, alice, 10), hold(carol, alice, 10)) if mirrored else (hold(alice, bob, 10), hold(alice, carol, 10))
    )
    post(shop.book, first)
    assert outcomes(post(shop.book, on(first.id, Kind.HOLD_VOID), second)) == ["voided", "held"]
    assert [available(each) for each in shop.customers] == ([100, 100, 90] if mirrored else [90, 100, 100])
    assert recount(shop.book) == {}
