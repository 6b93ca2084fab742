"""Batches in different books do not touch one another, though their accounts lie side by side in the same pages."""

from threading import Barrier
from typing import Any

import pytest

from ledger import services
from ledger.locks import book_lock
from ledger.services.accounts import AccountSpec
from qenex.kernel import transactions
from tests.support.ledger import Shop, give, make_shop, post, recount
from tests.support.threads import together

pytestmark = pytest.mark.usefixtures("database")
BOOKS, TURNS, EACH, ROUNDS = 3, 80, 10, 6


def make_shops() -> list[Shop]:
    """Books whose customers came in turns, as in life."""
    shops: dict[str, Shop] = {}
    while len(shops) < BOOKS:  # books that share a lock wait for one another, and are meant to
        shop = make_shop(0)
        shops[book_lock(shop.book.pk)] = shop
    return _with_customers([*shops.values()])


def _with_customers(shops: list[Shop]) -> list[Shop]:
    customers: list[list[Any]] = [[] for _ in shops]
    for turn in range(TURNS):
        for shop, found in zip(shops, customers, strict=True):
            specs = [AccountSpec(f"customer-{turn}-{number}", shop.asset, "liability") for number in range(EACH)]
            found += services.accounts_create(book=shop.book, specs=specs)
    return [Shop(shop.book, shop.asset, shop.cash, found) for shop, found in zip(shops, customers, strict=True)]


def test_batches_in_different_books_at_the_same_moment_hardly_ever_repeat_one_another() -> None:
    shops = make_shops()
    everybody_has_posted = Barrier(BOOKS, timeout=30)
    attempts: list[int] = []

    def act(number: int) -> None:
        shop = shops[number]

        def carry_out(command: Any) -> Any:
            attempts.append(number)
            result = command()
            if attempts.count(number) == 1:
                everybody_has_posted.wait()
            return result

        with transactions.around(carry_out):
            results = post(shop.book, *[give(shop.cash, customer, 1) for customer in shop.customers])
        assert all(result.ok for result in results)

    # The first time balances are read and remembered, later they are only written. A new version of a balance that has
    # no room left in its page goes into the index, whose pages all books share: that is a conflict now and then.
    repeated = 0
    for _ in range(ROUNDS):
        attempts.clear()
        together(BOOKS, act)
        repeated += len(attempts) - BOOKS
    assert repeated <= ROUNDS
    for shop in shops:
        assert recount(shop.book) == {}
