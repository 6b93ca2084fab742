"""Accounts and books that change while others post: what was decided before a change stands, and nothing after it."""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from threading import Event as Signal
from typing import Any

import pytest

from ledger import services
from ledger.errors import Conflict
from ledger.models import Transfer
from qenex.kernel.models import Event
from tests.support.ledger import Shop, give, make_shop, one, outcomes, posted, recount
from tests.support.threads import together

pytestmark = pytest.mark.usefixtures("database")
WRITERS = 7
ENOUGH = 400


def under_load(shop: Shop, change: Any) -> Counter[str]:
    """What became of payments by seven threads while, after a few of them, an eighth made a change."""
    started, stopped = Signal(), Signal()

    def act(number: int) -> Counter[str]:
        told: Counter[str] = Counter()
        if number == WRITERS:
            assert started.wait(20)
            change()
            stopped.set()
            return told
        for turn in range(ENOUGH):
            told.update(outcomes([one(shop.book, give(*shop.pair, 1))]))
            if turn == 3:
                started.set()
            if stopped.is_set() and told.total() % 4 == 0:
                break
        return told

    return sum(together(WRITERS + 1, act), Counter())


def recorded(subject: object, type: str) -> datetime:
    return Event.objects.get(subject_id=str(subject), type=type).recorded_at


def last_posting(shop: Shop) -> datetime:
    return Transfer.objects.filter(book_id=shop.book.pk).latest("posted_at").posted_at


def test_no_transfer_after_the_freeze() -> None:
    shop = make_shop(2, funds="100000")
    alice = shop.customers[0]
    told = under_load(shop, lambda: services.account_update(account=alice, status="frozen"))
    assert set(told) == {"posted", "account_frozen"}
    assert last_posting(shop) <= recorded(alice.pk, "ledger.account.updated")
    assert posted(shop.customers[1]) - 100_000 == told["posted"]
    assert recount(shop.book) == {}


def test_no_transfer_after_the_book_was_closed() -> None:
    shop = make_shop(2, funds="100000")
    told = under_load(shop, lambda: services.book_update(book=shop.book, status="closed"))
    assert set(told) == {"posted", "book_closed"}
    assert last_posting(shop) <= recorded(shop.book.pk, "ledger.book.updated")
    assert posted(shop.customers[1]) - 100_000 == told["posted"]


def test_a_new_floor_holds_from_its_moment_on() -> None:
    shop = make_shop(2, funds="100000")

    def change() -> None:
        services.account_update(account=shop.customers[0], floor=Decimal(99_900))

    told = under_load(shop, _until_it_stands(change))
    assert posted(shop.customers[0]) >= 99_900 or told["insufficient_funds"] == 0
    assert posted(shop.customers[0]) == 100_000 - told["posted"]


def _until_it_stands(change: Any) -> Any:
    def attempt() -> None:
        try:
            change()
        except Conflict:
            return

    return attempt


def test_opening_accounts_does_not_disturb_posting() -> None:
    shop = make_shop(2, funds="100000")

    def change() -> None:
        for number in range(20):
            services.account_create(book=shop.book, asset=shop.asset, type="liability", code=f"new-{number}")

    assert set(under_load(shop, change)) == {"posted"}
    assert recount(shop.book) == {}
