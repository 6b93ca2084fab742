"""Balances set right again by replay."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from ledger import services
from ledger.domain.drafts import Kind
from ledger.errors import NotFound
from qenex.kernel.models import Event
from tests.support.ledger import DIGIT, Shop, counters, give, hold, make_shop, on, one, post, posted, recount
from tests.support.marked import marked

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shop(database: None) -> Shop:
    """A book in which every kind of transfer happened."""
    shop = make_shop(3, funds="100")
    alice, bob, carol = shop.customers
    first, second, third, fourth = (hold(alice, bob, 20) for _ in range(4))
    paid = give(bob, carol, 30)
    batch = [
        *(first, second, third, fourth, paid, on(paid.id, Kind.REVERSAL, 4), on(second.id, Kind.HOLD_POST, 5)),
        *(on(first.id, Kind.HOLD_POST, 5, final=False), on(third.id, Kind.HOLD_VOID)),
    ]
    assert all(result.ok for result in post(shop.book, *batch))
    return shop


def tamper(sql: str, *parameters: Any) -> None:
    with marked(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        assert cursor.rowcount == 1


def test_replay_is_live(shop: Shop) -> None:
    before = [counters(each) for each in shop.customers]
    assert services.balances_rebuild(book=shop.book.pk) == 0
    assert [counters(each) for each in shop.customers] == before
    assert recount(shop.book) == {}
    assert [posted(each) for each in shop.customers] == [90, 84, 126]


@pytest.mark.parametrize("column", ["debits_posted", "credits_posted", "debits_pending", "credits_pending"])
def test_a_single_changed_digit_is_mended(shop: Shop, column: str) -> None:
    alice = shop.customers[0]
    before = counters(alice)
    tamper(f"UPDATE ledger_balance SET {column} = {column} + %s WHERE account_id = %s", DIGIT, alice.pk)  # noqa: S608  # a column
    assert list(recount(shop.book)) == [alice.pk]
    assert services.balances_rebuild(book=shop.book.pk) == 1
    assert (counters(alice), recount(shop.book)) == (before, {})
    event = Event.objects.filter(book_id=shop.book.pk).latest("recorded_at", "id")
    assert (event.type, b'"data":{"balances":1,"holds":0}' in bytes(event.body)) == ("ledger.balances.rebuilt", True)


def test_what_this_process_remembered_is_forgotten(shop: Shop) -> None:
    """A balance that was tampered with is not what the next posting goes on from."""
    alice = shop.customers[0]
    assert one(shop.book, give(alice, shop.cash, 1)).debit_balance == 89 * 10**18
    tamper("UPDATE ledger_balance SET credits_posted = 1000 WHERE account_id = %s", alice.pk)
    services.balances_rebuild(book=shop.book.pk)
    assert one(shop.book, give(alice, shop.cash, 1)).debit_balance == 88 * 10**18
    assert posted(alice) == Decimal(88)


def test_an_unknown_book_is_not_found() -> None:
    with pytest.raises(NotFound):
        services.balances_rebuild(book=uuid4())
