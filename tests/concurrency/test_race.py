"""The race itself: what goes wrong without the lock, shown first, and that the lock is what removes it."""

import time
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction

from ledger.domain.accounts import Accounts
from ledger.engine import cache
from ledger.engine import post as engine
from ledger.locks import LOCK_TABLES
from ledger.models import Account, Balance
from qenex.kernel import events, transactions
from tests.support.ledger import Shop, give, make_shop, one, posted, recount
from tests.support.threads import together

pytestmark = pytest.mark.usefixtures("database")
WRITERS, PAYMENTS = 8, 4


def naive(debit: Account, credit: Account, amount: int) -> None:
    """What an ORM posting looks like that trusts read committed: read, add, save."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        events.emit("test.noted", subject_type="account", subject_id=debit.pk)  # else it would be refused
        rows = {row.pk: row for row in Balance.objects.filter(pk__in=[debit.pk, credit.pk])}
        time.sleep(0.005)  # as long as a rule or a gate may take
        rows[debit.pk].debits_posted += amount
        rows[credit.pk].credits_posted += amount
        for row in sorted(rows.values(), key=lambda row: row.pk):
            row.save()


def pay(shop: Shop) -> Any:
    def act(_: int) -> None:
        for _ in range(PAYMENTS):
            assert one(shop.book, give(shop.cash, shop.customers[0], 1)).ok

    return act


def test_without_a_lock_updates_are_lost() -> None:
    shop = make_shop(1)

    def act(_: int) -> None:
        for _ in range(PAYMENTS):
            naive(shop.cash, shop.customers[0], 1)

    together(WRITERS, act)
    assert posted(shop.customers[0]) < WRITERS * PAYMENTS


def test_with_the_lock_none_is_lost() -> None:
    shop = make_shop(1)
    together(WRITERS, pay(shop))
    assert posted(shop.customers[0]) == WRITERS * PAYMENTS
    assert recount(shop.book) == {}


class Unguarded:
    """A guard that lets everybody in, as if each thread were a process of its own."""

    def acquire(self, blocking: bool = True) -> bool:
        return True

    def release(self) -> None:
        """Nothing was held."""


@pytest.fixture
def every_thread_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "guard", lambda book: Unguarded())
    monkeypatch.setattr(cache, "recall", lambda book, batch_id, terms_id: Accounts())
    monkeypatch.setattr(cache, "remember", lambda book, batch_id, terms_id, accounts: None)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that a command was carried out, in vain or not."""
    made: list[int] = []
    original = engine._Batch.post

    def post(batch: Any, gates: Any) -> None:
        made.append(1)
        original(batch, gates)

    monkeypatch.setattr(engine._Batch, "post", post)
    return made


def test_without_the_lock_serializable_transactions_abort_one_another(
    monkeypatch: pytest.MonkeyPatch, every_thread_a_process: None, attempts: list[int]
) -> None:
    """Serializable saves the sums even then, but at the price of doing work again. Each takes a lock of its own."""
    turn = count()
    monkeypatch.setattr(engine, "book_lock", lambda book: f"ledger_lock_{next(turn) % LOCK_TABLES:02d}")
    monkeypatch.setattr(transactions, "ATTEMPTS", 200)
    shop = make_shop(1)
    together(WRITERS, pay(shop))
    assert len(attempts) > WRITERS * PAYMENTS
    assert posted(shop.customers[0]) == WRITERS * PAYMENTS


def test_with_the_lock_nothing_is_done_twice(every_thread_a_process: None, attempts: list[int]) -> None:
    """The lock comes before the snapshot: whoever waited sees what the one before has committed."""
    shop = make_shop(1)
    together(WRITERS, pay(shop))
    assert len(attempts) == WRITERS * PAYMENTS
    assert posted(shop.customers[0]) == WRITERS * PAYMENTS
