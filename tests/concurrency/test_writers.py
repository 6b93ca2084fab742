"""Sixteen writers at once: no deadlock, no lost update, no negative balance, and sums that are exact."""

import random
from collections import Counter

import pytest

from ledger import services
from ledger.domain.drafts import Kind
from ledger.domain.results import TransferResult
from ledger.errors import Invalid, TransferRefused
from ledger.models import Transfer
from tests.support.ledger import Shop, give, hold, make_shop, on, one, outcomes, post, posted, recount, transfer_count
from tests.support.threads import together

pytestmark = pytest.mark.usefixtures("database")
WRITERS = 16
SEED = 20_260_301


def check(shop: Shop, posted_transfers: int) -> None:
    """Nobody is below zero, every balance is the sum of its rows, and no acknowledged row is missing."""
    assert recount(shop.book) == {}
    assert transfer_count(shop.book) == posted_transfers
    assert all(posted(each) >= 0 for each in shop.customers)
    times = list(Transfer.objects.filter(book_id=shop.book.pk).values_list("posted_at", flat=True))
    assert len(set(times)) == len(times)


def test_crossing_payments_among_shared_accounts() -> None:
    shop, each = make_shop(4, funds="100"), 15

    def act(number: int) -> Counter[str]:
        chance, told = random.Random(SEED + number), Counter[str]()
        for _ in range(each):
            debit, credit = chance.sample(shop.customers, 2)
            told.update(outcomes([one(shop.book, give(debit, credit, chance.randint(1, 60)))]))
        return told

    told = sum(together(WRITERS, act), Counter())
    assert set(told) <= {"posted", "insufficient_funds"}
    assert told.total() == WRITERS * each
    check(shop, 4 + told["posted"])
    assert sum(posted(account) for account in shop.customers) == 400


def test_one_hot_account_gives_out_exactly_what_it_has() -> None:
    shop, each = make_shop(2, funds="100"), 15

    def act(_: int) -> Counter[str]:
        return Counter(outcomes([one(shop.book, give(*shop.pair, 1)) for _ in range(each)]))

    told = sum(together(WRITERS, act), Counter())
    assert told == {"posted": 100, "insufficient_funds": WRITERS * each - 100}
    assert [posted(account) for account in shop.customers] == [0, 200]
    check(shop, 102)


def test_batches_in_opposite_orders_do_not_deadlock() -> None:
    shop = make_shop(8, funds="1000")
    accounts = list(shop.customers)

    def act(number: int) -> list[TransferResult]:
        order = accounts if number % 2 else accounts[::-1]
        pairs = list(zip(order, order[1:] + order[:1], strict=True))
        return [result for _ in range(4) for result in post(shop.book, *[give(*pair, 1) for pair in pairs])]

    results = [result for part in together(WRITERS, act) for result in part]
    assert all(result.ok for result in results)
    check(shop, 8 + WRITERS * 4 * 8)
    assert [posted(account) for account in accounts] == [1000] * 8


def test_writers_of_many_books_do_not_disturb_one_another() -> None:
    shops = [make_shop(2, funds="100") for _ in range(WRITERS)]

    def act(number: int) -> list[str]:
        shop = shops[number]
        drafts = [give(*shop.pair, 5) for _ in range(10)]
        first = outcomes([one(shop.book, draft) for draft in drafts])
        again = outcomes(post(shop.book, *drafts, give(*shop.pair, 60)))
        return first + again

    for told, shop in zip(together(WRITERS, act), shops, strict=True):
        assert told == ["posted"] * 20 + ["insufficient_funds"]
        check(shop, 12)


def test_the_same_id_in_many_books_is_posted_in_one() -> None:
    shops = [make_shop(1) for _ in range(WRITERS)]
    id = give(shops[0].cash, shops[0].customers[0], 1).id
    told = [str(code) for [code] in together(WRITERS, lambda n: outcomes([_pay(shops[n], id)]))]
    assert Counter(told) == {"posted": 1, "id_reused": WRITERS - 1}
    assert Transfer.objects.filter(pk=id).count() == 1
    for shop in shops:
        assert recount(shop.book) == {}


def _pay(shop: Shop, id: object) -> TransferResult:
    return one(shop.book, give(shop.cash, shop.customers[0], 1, id=id))


def test_holds_are_resolved_once_by_whoever_comes_first() -> None:
    shop = make_shop(2, funds="100")
    made = [hold(*shop.pair, 10) for _ in range(10)]
    assert all(result.ok for result in post(shop.book, *made))

    def act(number: int) -> list[str]:
        kind = Kind.HOLD_POST if number % 2 else Kind.HOLD_VOID
        return outcomes([one(shop.book, on(each.id, kind)) for each in made])

    told = Counter(code for part in together(WRITERS, act) for code in part)
    assert told["posted"] + told["voided"] == 10
    assert told["hold_resolved"] == WRITERS * 10 - 10
    assert (posted(shop.customers[1]) - 100) / 10 == told["posted"]
    check(shop, 2 + 10 + 10)


def test_a_journal_is_reversed_once_however_many_try() -> None:
    shop = make_shop(2, funds="100")
    journal, _ = services.journal_post(book=shop.book, transfers=[give(*shop.pair, 30), give(*shop.pair, 20)])

    def act(_: int) -> str:
        try:
            services.journal_reverse(journal=journal, reason="all want it")
        except Invalid:
            return "nothing left"
        except TransferRefused as refusal:
            return str(refusal.code)
        return "reversed"

    told = Counter(together(WRITERS, act))
    assert told["reversed"] == 1
    assert set(told) <= {"reversed", "reversal_exceeded", "nothing left"}
    assert [posted(account) for account in shop.customers] == [100, 100]
    check(shop, 6)
