"""One lock, one transaction, and the whole batch again where the database says so."""

from collections.abc import Callable, Iterator
from threading import Event as Signal
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from psycopg_pool import ConnectionPool

from ledger.engine import cache, write
from ledger.engine.load import BookNotFound
from ledger.engine.post import post as engine_post
from ledger.locks import LOCK_TABLES, book_lock
from ledger.models import BookHead
from qenex.kernel import transactions
from qenex.kernel.transactions import Busy
from qenex.kernel.trips import Statement
from tests.support.ledger import Shop, give, make_shop, one, post, posted, recount, transfer_count
from tests.support.marked import marked

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shop(database: None) -> Shop:
    return make_shop(2, funds="100")


def failing(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> list[int]:
    """Makes the head's update fail with each error in turn, and then go through; counts the attempts."""
    left, attempts, original = list(errors), [], write.head

    def head(*arguments: Any) -> Statement:
        attempts.append(1)
        if left:
            raise left.pop(0)
        return original(*arguments)

    monkeypatch.setattr(write, "head", head)
    return attempts


TRANSIENT = [
    psycopg.errors.SerializationFailure("could not serialize"),
    psycopg.errors.DeadlockDetected("deadlock"),
    psycopg.errors.AdminShutdown("terminating connection"),
    psycopg.OperationalError("the connection is lost"),
]


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
def test_a_transient_failure_is_tried_again_and_posts_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    attempts = failing(monkeypatch, error, error)
    result = one(shop.book, give(*shop.pair, 30))
    assert (result.ok, result.replayed, len(attempts)) == (True, False, 3)
    assert (posted(shop.customers[0]), transfer_count(shop.book), recount(shop.book)) == (70, 3, {})


def test_a_failure_that_does_not_pass_is_told_as_busy(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "ATTEMPTS", 3)
    attempts = failing(monkeypatch, *TRANSIENT[:1] * 3)
    with pytest.raises(Busy):
        one(shop.book, give(*shop.pair, 30))
    assert (len(attempts), posted(shop.customers[0]), transfer_count(shop.book)) == (3, 100, 2)


def test_another_failure_is_raised_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = failing(monkeypatch, psycopg.errors.CheckViolation("no"))
    with pytest.raises(IntegrityError):
        one(shop.book, give(*shop.pair, 30))
    assert (len(attempts), transfer_count(shop.book)) == (1, 2)


def test_a_commit_whose_answer_was_lost_is_not_made_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server has committed, the client does not know it: the second try finds its own transfers."""
    original = connection.commit
    lost: list[bool] = []

    def commit() -> None:
        original()
        if not lost:
            lost.append(True)
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "commit", commit)
    result = one(shop.book, give(*shop.pair, 30))
    assert (result.ok, result.replayed, lost) == (True, True, [True])
    assert (posted(shop.customers[0]), transfer_count(shop.book), recount(shop.book)) == (70, 3, {})


def test_a_held_lock_is_waited_for_and_then_told_as_busy(shop: Shop, settings: Any) -> None:
    settings.LOCK_TIMEOUT_MS = 100
    with _locked(shop.book.pk) as release:
        with pytest.raises(Busy, match="the book is busy"):
            one(shop.book, give(*shop.pair, 30))
        settings.LOCK_TIMEOUT_MS = 10_000
        release()
        assert one(shop.book, give(*shop.pair, 30)).ok
    assert transfer_count(shop.book) == 3


class _locked:  # noqa: N801  # a context manager
    """Holds the book's lock on another connection until released."""

    def __init__(self, book: UUID) -> None:
        self.book = book
        self.done, self.held = Signal(), Signal()
        self.thread = Thread(target=self._hold)

    def __enter__(self) -> Callable[[], None]:
        self.thread.start()
        assert self.held.wait(10)
        return self.done.set

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()

    def _hold(self) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {book_lock(self.book)} IN EXCLUSIVE MODE")
                self.held.set()
                self.done.wait(30)
        finally:
            connections.close_all()


@pytest.fixture
def one_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A pool of a single connection."""
    connections.close_all()
    pool: ConnectionPool = connection.pool  # type: ignore[attr-defined]  # PostgreSQL has one
    most = pool.max_size
    pool.resize(0, 1)
    yield
    connections.close_all()
    pool.resize(0, most)


def test_who_waits_for_the_book_keeps_no_connection_from_who_works_on_it(shop: Shop, one_connection: None) -> None:
    """With the last connection in the hands of a waiting thread, the one at work would never end."""
    results: list[bool] = []
    connection.close()
    guard = cache.guard(shop.book.pk)
    guard.acquire()

    def wait_in_line() -> None:
        BookHead.objects.get(pk=shop.book.pk)  # takes the pool's only connection, as a request's session does
        ready.set()
        results.append(one(shop.book, give(*shop.pair, 10)).ok)
        connections.close_all()

    ready = Signal()
    thread = Thread(target=wait_in_line)
    thread.start()
    assert ready.wait(10)
    assert BookHead.objects.filter(pk=shop.book.pk).exists()  # would time out after 30 s
    connection.close()
    guard.release()
    thread.join(20)
    assert results == [True]


def test_an_unknown_book_is_told_and_its_lock_is_free() -> None:
    with pytest.raises(BookNotFound):
        engine_post(UUID(int=5), [])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {book_lock(UUID(int=5))} IN EXCLUSIVE MODE NOWAIT")
        assert cursor.rowcount == -1


def test_every_book_has_a_lock_table() -> None:
    names = {book_lock(UUID(int=number)) for number in range(10_000)}
    assert len(names) == LOCK_TABLES
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname ~ '^ledger_lock_[0-9]{2}$'")
        assert {name for (name,) in cursor.fetchall()} == names


def test_posting_inside_another_transaction_is_refused(shop: Shop) -> None:
    """Its commit would not be its own: what is acknowledged could still be rolled back."""
    with pytest.raises(RuntimeError), transaction.atomic():
        post(shop.book, give(*shop.pair, 1))
    assert transfer_count(shop.book) == 2


def test_an_account_whose_balance_was_deleted_by_hand_is_not_posted_to(shop: Shop) -> None:
    assert one(shop.book, give(shop.cash, shop.customers[0], 1)).ok
    with marked("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM ledger_balance WHERE account_id = %s", [shop.customers[0].pk])
    before = transfer_count(shop.book)
    with pytest.raises(write.BalanceMissing, match="1 accounts have no balance row"):
        one(shop.book, give(shop.cash, shop.customers[0], 1))
    assert transfer_count(shop.book) == before
