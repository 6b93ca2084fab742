"""What holds for any batch: money is conserved, replay is live, twice is once, and where a batch is cut is nothing."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger import services
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.results import TransferResult
from ledger.domain.state import Counters
from ledger.engine import cache
from ledger.errors import TransferRefused
from ledger.models import Balance, Hold, Transfer
from qenex.kernel.ids import uuid7
from qenex.kernel.money import UNIT
from tests.support.ledger import (
    Shop,
    counters,
    make_account,
    make_asset,
    make_shop,
    outcomes,
    post,
    recount,
    transfer_count,
)

pytestmark = pytest.mark.usefixtures("database")
CUSTOMERS = 4
QUICK: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}

STEPS = st.lists(
    st.tuples(
        st.sampled_from([*[Kind.POSTED] * 4, Kind.HOLD, Kind.HOLD, Kind.HOLD_POST, Kind.HOLD_VOID, Kind.REVERSAL]),
        *(
            st.integers(0, CUSTOMERS),
            st.integers(1, CUSTOMERS),
            st.integers(1, 6_000),
            st.booleans(),
            st.integers(0, 40),
        ),
    ),
    min_size=1,
    max_size=40,
)


def drafts(steps: Iterable[tuple[Kind, int, int, int, bool, int]], accounts: Sequence[UUID]) -> list[TransferDraft]:
    """The steps as transfers between these accounts; what acts on a transfer acts on an earlier one of them."""
    made: list[TransferDraft] = []
    for kind, debit, offset, cents, final, index in steps:
        if kind in (Kind.POSTED, Kind.HOLD):
            credit = (debit + offset) % len(accounts)
            made.append(TransferDraft(uuid7(), accounts[debit], accounts[credit], cents * UNIT // 100, kind))
        elif made:
            amount = 0 if kind is Kind.HOLD_VOID else cents * UNIT // 400 * (index % 2)
            amount -= amount % (UNIT // 100)
            origin = made[index % len(made)].id
            made.append(TransferDraft(uuid7(), None, None, amount, kind, origin=origin, final=final))
    return made or [TransferDraft(uuid7(), accounts[0], accounts[1], UNIT)]


def moved(batch: Sequence[TransferDraft], accounts: Sequence[UUID], others: Sequence[UUID]) -> list[TransferDraft]:
    """The same transfers between other accounts, with ids of their own."""
    account = dict(zip(accounts, others, strict=True))
    id = {draft.id: uuid7() for draft in batch}
    return [
        replace(
            draft,
            id=id[draft.id],
            debit_account=draft.debit_account and account[draft.debit_account],
            credit_account=draft.credit_account and account[draft.credit_account],
            origin=draft.origin and id[draft.origin],
        )
        for draft in batch
    ]


def ids(shop: Shop) -> list[UUID]:
    return [shop.cash.pk, *(each.pk for each in shop.customers)]


def all_counters(shop: Shop) -> list[Counters]:
    return [counters(each) for each in (shop.cash, *shop.customers)]


def answers(results: Sequence[TransferResult]) -> list[tuple[object, ...]]:
    """All that a result says but when it was posted and whether it is told again."""
    return [(each.status, each.code, each.value_day, each.debit_balance, each.credit_balance) for each in results]


def conserved(shop: Shop) -> None:
    """Per asset, what was debited was credited, posted and pending; nothing pending is negative."""
    sums = (
        Balance.objects.filter(book_id=shop.book.pk)
        .values("account__asset")
        .annotate(
            net=Sum(F("debits_posted") - F("credits_posted")),
            held=Sum(F("debits_pending") - F("credits_pending")),
        )
    )
    assert {(row["net"], row["held"]) for row in sums} == {(0, 0)}
    assert all(min(each) >= 0 for each in all_counters(shop))
    for hold in Hold.objects.filter(book_id=shop.book.pk):
        assert 0 <= hold.posted_amount <= hold.amount


@settings(**QUICK, max_examples=20)
@given(first=STEPS, second=STEPS, linked=st.booleans())
def test_money_is_conserved_and_replay_is_live(first: Any, second: Any, linked: bool) -> None:
    shop = make_shop(CUSTOMERS, funds="50")
    post(shop.book, *drafts(first, ids(shop)))
    post(shop.book, *drafts(second, ids(shop)), linked=linked)
    before = all_counters(shop)
    conserved(shop)
    assert recount(shop.book) == {}
    assert services.balances_rebuild(book=shop.book.pk) == 0
    assert all_counters(shop) == before


@settings(**QUICK, max_examples=15)
@given(rate=st.decimals("0.0001", "9999", places=4), sold=st.decimals("0.01", "60", places=2))
def test_an_exchange_conserves_each_of_its_assets(rate: Decimal, sold: Decimal) -> None:
    shop, gold = make_shop(1, funds="50"), make_asset(18)
    position = make_account(shop.book, shop.asset, "equity")
    gold_position, bars = (make_account(shop.book, gold, type) for type in ("equity", "liability"))
    try:
        services.exchange_post(
            sold_from=shop.customers[0],
            sold_position=position,
            bought_position=gold_position,
            bought_to=bars,
            sold=sold,
            bought=sold * rate,
        )
    except TransferRefused as refusal:
        assert (refusal.code, sold > 50) == ("insufficient_funds", True)  # noqa: PT017  # either way is checked
    conserved(shop)


@settings(**QUICK, max_examples=20)
@given(steps=STEPS, linked=st.booleans(), forget=st.booleans())
def test_any_batch_twice_is_the_batch_once(steps: Any, linked: bool, forget: bool) -> None:
    shop = make_shop(CUSTOMERS, funds="50")
    batch = drafts(steps, ids(shop))
    first = post(shop.book, *batch, linked=linked)
    before, count = all_counters(shop), transfer_count(shop.book)
    if forget:
        cache.forget()
    again = post(shop.book, *batch, linked=linked)
    good = [at for at, result in enumerate(first) if result.ok]
    assert answers([again[at] for at in good]) == answers([first[at] for at in good])
    assert [again[at].posted_at_us for at in good] == [first[at].posted_at_us for at in good]
    assert all(again[at].replayed for at in good)
    if len(good) == len(batch) or linked:
        assert (outcomes(again), all_counters(shop), transfer_count(shop.book)) == (outcomes(first), before, count)
    conserved(shop)


@settings(**QUICK, max_examples=20)
@given(steps=STEPS, cuts=st.sets(st.integers(1, 39), max_size=5))
def test_where_a_batch_is_cut_changes_nothing(steps: Any, cuts: set[int]) -> None:
    whole, parts = (make_shop(CUSTOMERS, funds="50") for _ in range(2))
    batch = drafts(steps, ids(whole))
    other = moved(batch, ids(whole), ids(parts))
    together = post(whole.book, *batch)
    edges = [0, *sorted(cut for cut in cuts if cut < len(other)), len(other)]
    apart = [result for start, end in pairwise(edges) for result in post(parts.book, *other[start:end])]
    assert answers(apart) == answers(together)
    assert all_counters(parts) == all_counters(whole)


@settings(**QUICK, max_examples=10)
@given(steps=STEPS, linked=st.booleans())
def test_what_is_remembered_changes_nothing(steps: Any, linked: bool) -> None:
    warm, stale, cold = (make_shop(CUSTOMERS, funds="50") for _ in range(3))
    batch = drafts(steps, ids(warm))
    others = [moved(batch, ids(warm), ids(shop)) for shop in (stale, cold)]
    for start in range(0, len(batch), 7):
        first = post(warm.book, *batch[start : start + 7], linked=linked)
        if stale.book.pk in cache._books:
            cache._books[stale.book.pk].batch_id = uuid7()  # as if another process had posted: the counters are stale
        cache.recall(cold.book.pk, uuid7(), uuid7())  # another head than it knows: forgotten
        for shop, other in zip((stale, cold), others, strict=True):
            assert answers(post(shop.book, *other[start : start + 7], linked=linked)) == answers(first)
    assert all_counters(stale) == all_counters(cold) == all_counters(warm)


@settings(**QUICK, max_examples=10)
@given(steps=STEPS)
def test_the_books_order_is_the_order_of_the_batch(steps: Any) -> None:
    shop = make_shop(CUSTOMERS, funds="50")
    batch = drafts(steps, ids(shop))
    results = [result for result in post(shop.book, *batch) if result.ok]
    times = [result.posted_at_us for result in results]
    assert times == sorted(set(times))
    order = (
        Transfer.objects.filter(pk__in=[each.id for each in results]).order_by("posted_at").values_list("pk", flat=True)
    )
    assert list(order) == [each.id for each in results]
