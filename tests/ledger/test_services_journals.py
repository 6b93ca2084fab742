"""Journals: they stand or fall whole, are never added to, and are reversed for no more than was posted."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from ledger import services
from ledger.domain.drafts import Kind
from ledger.errors import Invalid, NotFound, TransferRefused
from ledger.models import Journal, Transfer
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.support.ledger import (
    Amount,
    Shop,
    give,
    hold,
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


@pytest.fixture
def shop(database: None) -> Shop:
    return make_shop(2, funds="100")


def pay(shop: Shop, *amounts: int | str, id: UUID | None = None) -> tuple[UUID, list[UUID]]:
    """Posts a journal of payments from the first customer to the second."""
    drafts = [give(*shop.pair, amount) for amount in amounts]
    journal, results = services.journal_post(book=shop.book, transfers=drafts, id=id)
    return journal, [result.id for result in results]


def balances(shop: Shop) -> list[Amount]:
    return [posted(each) for each in shop.customers]


def test_a_journal_is_written_with_its_transfers(shop: Shop) -> None:
    drafts = [give(*shop.pair, 30), give(*shop.pair, 20)]
    id, results = services.journal_post(
        book=shop.book.code, transfers=drafts, reference="R 1", description="Two payments", metadata={"a": [1]}
    )
    row = Journal.objects.get(pk=id)
    assert (row.book_id, row.kind, row.reference, row.description) == (shop.book.pk, "entry", "R 1", "Two payments")
    assert (row.metadata, row.reverses_id, row.rate) == ({"a": [1]}, None, "")
    assert outcomes(results) == ["posted", "posted"]
    rows = Transfer.objects.filter(journal_id=id).order_by("posted_at")
    assert [each.pk for each in rows] == [draft.id for draft in drafts]
    assert row.posted_at == rows[0].posted_at
    assert balances(shop) == [50, 150]


def test_a_journal_with_one_refusal_leaves_nothing(shop: Shop) -> None:
    id, events = uuid7(), Event.objects.filter(book_id=shop.book.pk)
    before = events.count()
    drafts = [give(*shop.pair, 30), give(*shop.pair, 71), give(*shop.pair, 1)]
    with pytest.raises(TransferRefused) as caught:
        services.journal_post(book=shop.book, transfers=drafts, id=id)
    assert (caught.value.code, caught.value.position, caught.value.result.id) == ("insufficient_funds", 1, drafts[1].id)
    assert (balances(shop), transfer_count(shop.book), events.count()) == ([100, 100], 2, before)
    assert not Journal.objects.filter(pk=id).exists()


def test_the_same_journal_again_gives_the_first_answer(shop: Shop) -> None:
    id, drafts = uuid7(), [give(*shop.pair, 30), give(*shop.pair, 20)]
    _, first = services.journal_post(book=shop.book, transfers=drafts, id=id)
    _, again = services.journal_post(book=shop.book, transfers=drafts, id=id)
    assert [each.posted_at_us for each in again] == [each.posted_at_us for each in first]
    assert ([each.replayed for each in again], balances(shop)) == ([True, True], [50, 150])


def test_a_journals_id_is_used_once(shop: Shop) -> None:
    id, _ = pay(shop, 30)
    for book in (shop, make_shop(2, funds="100")):
        with pytest.raises(TransferRefused) as caught:
            pay(book, 20, id=id)
        assert (caught.value.code, caught.value.message) == (
            *("id_reused", "A journal with this id and other content exists."),
        )
    assert balances(shop) == [70, 130]


def test_nothing_is_added_to_a_journal(shop: Shop) -> None:
    id, draft = uuid7(), give(*shop.pair, 30)
    services.journal_post(book=shop.book, transfers=[draft], id=id)
    with pytest.raises(TransferRefused) as caught:
        services.journal_post(book=shop.book, transfers=[draft, give(*shop.pair, 1)], id=id)
    assert caught.value.code == "id_reused"
    assert balances(shop) == [70, 130]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reference", "x" * 201),
        ("reference", "nul\0"),
        ("description", "nul\0"),
        ("description", "half \udc00"),
        ("description", "x" * 10_001),
        ("metadata", {"a": 0.5}),
    ],
)
def test_a_malformed_field_is_named(shop: Shop, field: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        services.journal_post(book=shop.book, transfers=[give(*shop.pair, 1)], **{field: value})  # type: ignore[arg-type]  # that is the point
    assert caught.value.field == field


def test_a_journal_has_a_transfer(shop: Shop) -> None:
    with pytest.raises(Invalid, match="at least one"):
        services.journal_post(book=shop.book, transfers=[])


# --- reversal


def test_a_reversal_takes_all_back_and_only_once(shop: Shop) -> None:
    journal, payments = pay(shop, 30, 20)
    id, results = services.journal_reverse(journal=journal, reason="a mistake")
    assert (outcomes(results), balances(shop)) == (["posted", "posted"], [100, 100])
    row = Journal.objects.get(pk=id)
    assert (row.kind, row.reverses_id, row.description) == ("reversal", journal, "a mistake")
    rows = list(Transfer.objects.filter(journal_id=id).order_by("posted_at"))
    assert [each.origin_id for each in rows] == payments[::-1]
    assert [(each.kind, each.amount, each.debit_account_id) for each in rows] == [
        (Kind.REVERSAL, 20, shop.customers[1].pk),
        (Kind.REVERSAL, 30, shop.customers[1].pk),
    ]
    event = Event.objects.filter(book_id=shop.book.pk).latest("recorded_at")
    assert b'"reason":"a mistake"' in bytes(event.body)
    with pytest.raises(Invalid, match="nothing of the journal is left"):
        services.journal_reverse(journal=journal, reason="again")
    assert recount(shop.book) == {}


def test_a_reversal_in_parts_ends_at_the_whole(shop: Shop) -> None:
    journal, [first, second] = pay(shop, 30, 20)
    services.journal_reverse(journal=journal, reason="part", amounts={first: Decimal(10)})
    assert balances(shop) == [60, 140]
    with pytest.raises(TransferRefused) as caught:
        services.journal_reverse(
            journal=journal, reason="too much", amounts={second: Decimal(1), first: Decimal("20.01")}
        )
    assert caught.value.code == "reversal_exceeded"
    assert balances(shop) == [60, 140]
    _, rest = services.journal_reverse(journal=journal, reason="the rest")
    assert (len(rest), balances(shop)) == (2, [100, 100])


def test_what_is_wholly_reversed_is_left_out_of_the_rest(shop: Shop) -> None:
    journal, [first, second] = pay(shop, 30, 20)
    services.journal_reverse(journal=journal, reason="one", amounts={first: Decimal(30)})
    id, rest = services.journal_reverse(journal=journal, reason="the rest")
    assert [*Transfer.objects.filter(journal_id=id).values_list("origin_id", flat=True)] == [second]
    assert (outcomes(rest), balances(shop)) == (["posted"], [100, 100])


def test_the_same_reversal_again_gives_the_first_answer(shop: Shop) -> None:
    journal, payments = pay(shop, 30, 20)
    whole, part = uuid7(), uuid7()
    amounts = {payments[0]: Decimal(10)}
    for replayed in (False, True):
        _, results = services.journal_reverse(journal=journal, reason="part", amounts=amounts, id=part)
        assert [each.replayed for each in results] == [replayed]
    for replayed in (False, True):
        _, results = services.journal_reverse(journal=journal, reason="all", id=whole)
        assert [each.replayed for each in results] == [replayed] * 2
    assert balances(shop) == [100, 100]


def test_a_reversal_does_not_overdraw(shop: Shop) -> None:
    journal, _ = pay(shop, 30)
    assert one(shop.book, give(shop.customers[1], shop.cash, "100.01")).ok
    with pytest.raises(TransferRefused) as caught:
        services.journal_reverse(journal=journal, reason="too late")
    assert caught.value.code == "insufficient_funds"


def test_reversals_and_holds_are_not_reversed(shop: Shop) -> None:
    journal, _ = pay(shop, 30)
    reversal, [result] = services.journal_reverse(journal=journal, reason="x")
    made = hold(*shop.pair, 5)
    held, _ = services.journal_post(book=shop.book, transfers=[made])
    for each in (reversal, held):
        with pytest.raises(Invalid, match="nothing of the journal is left"):
            services.journal_reverse(journal=each, reason="x")
    refused = post(shop.book, on(result.id, Kind.REVERSAL), on(made.id, Kind.REVERSAL))
    assert outcomes(refused) == ["reversal_not_possible", "reversal_not_possible"]


def test_a_posted_part_of_a_hold_is_reversed_by_itself(shop: Shop) -> None:
    made = hold(*shop.pair, 40)
    part, rest = on(made.id, Kind.HOLD_POST, 10, final=False), on(made.id, Kind.HOLD_POST)
    post(shop.book, made, part, rest)
    assert outcomes(post(shop.book, on(part.id, Kind.REVERSAL), on(rest.id, Kind.REVERSAL, 5))) == ["posted", "posted"]
    assert (balances(shop), recount(shop.book)) == ([75, 125], {})


def test_a_transfer_is_reversed_in_the_batch_that_posts_it(shop: Shop) -> None:
    paid = give(*shop.pair, 30)
    batch = [paid, on(paid.id, Kind.REVERSAL, 10), on(paid.id, Kind.REVERSAL, 21), on(paid.id, Kind.REVERSAL)]
    assert outcomes(post(shop.book, *batch)) == ["posted", "posted", "reversal_exceeded", "posted"]
    assert outcomes(post(shop.book, on(paid.id, Kind.REVERSAL))) == ["reversal_exceeded"]
    assert (balances(shop), recount(shop.book)) == ([100, 100], {})


@pytest.mark.parametrize(
    ("reason", "amounts", "field"),
    [
        ("", None, "reason"),
        ("  ", None, "reason"),
        ("x", {}, "amounts"),
        ("x", {uuid4(): Decimal(1)}, "amounts"),
        ("x", {"first": Decimal(0)}, "amounts"),
        ("x", {"first": Decimal(-1)}, "amounts"),
        ("x", {"first": Decimal("NaN")}, "amounts"),
    ],
)
def test_a_malformed_reversal_is_named(
    shop: Shop, reason: str, amounts: dict[object, Decimal] | None, field: str
) -> None:
    journal, [first] = pay(shop, 30)
    named = None if amounts is None else {first if key == "first" else key: value for key, value in amounts.items()}
    with pytest.raises(Invalid) as caught:
        services.journal_reverse(journal=journal, reason=reason, amounts=named)  # type: ignore[arg-type]  # keys are ids
    assert caught.value.field == field


def test_an_unknown_journal_is_not_found() -> None:
    with pytest.raises(NotFound):
        services.journal_reverse(journal=uuid4(), reason="x")
