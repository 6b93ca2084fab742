"""What a process remembers of a book: used only while nobody else has written, and never after a failure."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import InternalError, connection
from msgspec.structs import replace

from ledger import services
from ledger.domain.drafts import Drafts, Kind, TransferDraft
from ledger.engine import cache, load, write
from ledger.models import BookHead
from qenex.kernel import transactions
from qenex.kernel.ids import uuid7
from qenex.kernel.money import UNIT
from tests.support.ledger import Shop, counters, give, hold, make_shop, on, one, post, posted, recount

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    cache.forget()
    yield
    cache.forget()


@pytest.fixture
def shop(database: None) -> Shop:
    return make_shop(2, funds="100")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[set[UUID]]:
    """The accounts that postings have read from the database, posting by posting."""
    seen: list[set[UUID]] = []
    original = load.accounts

    def accounts(cursor: Any, book: UUID, ids: Any) -> Any:
        seen.append(set(ids))
        return original(cursor, book, ids)

    monkeypatch.setattr(load, "accounts", accounts)
    return seen


def test_an_account_is_read_once(shop: Shop, read: list[set[UUID]]) -> None:
    cache.forget()
    for _ in range(3):
        assert one(shop.book, give(*shop.pair, 1)).ok
    assert read == [{each.pk for each in shop.customers}]
    assert shop.fund(shop.customers[0], 1).ok
    assert read[1:] == [{shop.cash.pk}]
    assert recount(shop.book) == {}


def test_refusals_and_repetitions_keep_what_is_remembered_right(shop: Shop, read: list[set[UUID]]) -> None:
    draft = give(*shop.pair, 30)
    assert one(shop.book, draft).ok
    assert one(shop.book, give(*shop.pair, 71)).code == "insufficient_funds"
    post(shop.book, give(*shop.pair, 50), give(*shop.pair, 50), linked=True)
    assert one(shop.book, draft).replayed
    assert one(shop.book, give(*shop.pair, 70)).debit_balance == 0
    assert recount(shop.book) == {}


def test_an_unknown_account_is_asked_for_every_time(shop: Shop) -> None:
    draft = give(*shop.pair, 1)
    stranger = uuid7()
    assert one(shop.book, replace(draft, debit_account=stranger)).code == "account_not_found"
    made = services.account_create(book=shop.book, asset=shop.asset, type="asset", code="late", id=stranger)
    assert one(shop.book, give(made, shop.customers[0], 1)).ok


@pytest.mark.parametrize("change", [{"status": "frozen"}, {"floor": None}, {"name": "x"}])
def test_a_changed_account_is_read_again(shop: Shop, read: list[set[UUID]], change: dict[str, Any]) -> None:
    one(shop.book, give(*shop.pair, 1))
    before = len(read)
    services.account_update(account=shop.customers[0], **change)
    one(shop.book, give(*shop.pair, 1))
    assert len(read) == before + 1


def test_where_another_process_has_posted_only_the_counters_are_read(shop: Shop, read: list[set[UUID]]) -> None:
    one(shop.book, give(*shop.pair, 1))
    before = len(read)
    _elsewhere(shop, give(*shop.pair, 50))
    result = one(shop.book, give(*shop.pair, 40))
    assert (result.debit_balance // 10**18, len(read)) == (9, before + 1)  # the other one's
    assert one(shop.book, give(*shop.pair, 10)).code == "insufficient_funds"
    assert recount(shop.book) == {}


def test_a_hold_that_another_process_made_is_counted(shop: Shop) -> None:
    one(shop.book, give(*shop.pair, 1))
    _elsewhere(shop, hold(*shop.pair, 50))
    assert one(shop.book, give(*shop.pair, 50)).code == "insufficient_funds"
    result = one(shop.book, give(*shop.pair, 49))
    assert (result.debit_balance // 10**18, recount(shop.book)) == (50, {})


def test_an_account_whose_hold_is_posted_after_another_process_wrote_is_read_again(shop: Shop) -> None:
    held = hold(*shop.pair, 30)
    assert one(shop.book, held).ok
    _elsewhere(shop, give(*shop.pair, 50))
    assert one(shop.book, on(held.id, Kind.HOLD_POST, 30)).debit_balance == 20 * UNIT
    assert recount(shop.book) == {}


def test_counters_that_grew_too_wide_elsewhere_are_read_in_full(database: None, read: list[set[UUID]]) -> None:
    shop = make_shop(2, funds="1000", places=18)
    one(shop.book, give(*shop.pair, "0.1"))
    before = len(read)
    _elsewhere(shop, give(*shop.pair, 500))
    assert one(shop.book, give(*shop.pair, "0.1")).debit_balance == 4998 * UNIT // 10
    assert len(read) == before + 2
    assert recount(shop.book) == {}


def test_a_change_of_terms_elsewhere_makes_it_forget(shop: Shop) -> None:
    one(shop.book, give(*shop.pair, 1))
    mine = dict(cache._books)
    services.account_update(account=shop.customers[0], status="frozen")
    _have(mine)
    assert one(shop.book, give(*shop.pair, 1)).code == "account_frozen"


@pytest.mark.parametrize("meanwhile", ["nothing", "posted", "frozen"])
def test_accounts_are_looked_up_before_the_book_is_locked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """And whatever others do until it is locked, what they did counts."""
    one(shop.book, give(*shop.pair, 1))
    locate, locked = cache.locate, []

    def and_then(book: UUID, drafts: Drafts) -> cache.Located:
        monkeypatch.setattr(cache, "locate", locate)  # others look theirs up by themselves
        locked.append(connection.in_atomic_block)
        located = locate(book, drafts)
        assert (located.slots >= 0).all()
        if meanwhile == "posted":
            _elsewhere_unguarded(shop, give(*shop.pair, 99))
        elif meanwhile == "frozen":
            services.account_update(account=shop.customers[0], status="frozen")
        return located

    monkeypatch.setattr(cache, "locate", and_then)
    code = {"nothing": None, "posted": "insufficient_funds", "frozen": "account_frozen"}[meanwhile]
    assert (one(shop.book, give(*shop.pair, 1)).code, locked) == (code, [False])
    assert recount(shop.book) == {}


def _elsewhere_unguarded(shop: Shop, draft: TransferDraft) -> None:
    """As `_elsewhere`, while a posting of ours has begun and waits for the book."""
    guard = cache.guard(shop.book.pk)
    guard.release()
    _elsewhere(shop, draft)
    assert guard.acquire(blocking=False)


def _elsewhere(shop: Shop, draft: TransferDraft) -> None:
    """Posts as another process would: with a memory of its own."""
    mine = dict(cache._books)
    cache.forget()
    assert one(shop.book, draft).ok
    _have(mine)


def _have(mine: dict[UUID, Any]) -> None:
    """Remembers what a process remembered that has heard of nothing since."""
    cache.forget()
    for book, remembered in mine.items():
        cache.remember(book, remembered.batch_id, remembered.terms_id, remembered.accounts)


@pytest.mark.parametrize("broken", ["holds", "head", "journal"])
def test_after_a_failure_nothing_is_remembered(shop: Shop, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """The rules have moved the balances in memory, but the transaction is rolled back."""
    one(shop.book, give(*shop.pair, 1))
    before = counters(shop.customers[0])

    def fail(*_: Any) -> None:
        raise RuntimeError("the disk is on fire")

    with monkeypatch.context() as patch:
        patch.setattr(write, broken, fail)
        with pytest.raises(RuntimeError):
            services.journal_post(book=shop.book, transfers=[give(*shop.pair, 50)])
    assert shop.book.pk not in cache._books
    assert counters(shop.customers[0]) == before
    assert one(shop.book, give(*shop.pair, 1)).debit_balance == 98 * 10**18
    assert recount(shop.book) == {}


def test_after_a_failed_commit_nothing_is_remembered(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    one(shop.book, give(*shop.pair, 1))

    def commit(*arguments: object) -> None:
        raise InternalError("the line is dead")

    with monkeypatch.context() as patch:
        patch.setattr(transactions, "together", commit)
        with pytest.raises(InternalError):
            one(shop.book, give(*shop.pair, 50))
    assert shop.book.pk not in cache._books
    assert (posted(shop.customers[0]), recount(shop.book)) == (99, {})


def test_more_accounts_than_the_limit_are_not_remembered(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_ACCOUNTS", 1)
    for _ in range(2):
        assert one(shop.book, give(*shop.pair, 1)).ok
        assert shop.book.pk not in cache._books
    assert recount(shop.book) == {}


def test_what_is_remembered_is_what_the_database_has(shop: Shop) -> None:
    post(shop.book, give(*shop.pair, 10), give(*shop.pair, 200), give(shop.customers[1], shop.cash, 5))
    remembered = cache._books[shop.book.pk]
    assert remembered.batch_id == BookHead.objects.get(pk=shop.book.pk).batch_id
    for account in (shop.cash, *shop.customers):
        assert remembered.accounts[account.pk.int].counters() == counters(account)


def test_the_book_that_was_used_longest_ago_makes_room(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.forget()
    monkeypatch.setattr(cache, "MAX_ACCOUNTS", 5)
    first, second, third = (make_shop(2, funds="1") for _ in range(3))
    cache.forget()
    for shop in (first, second, first, third):  # each payment touches two accounts
        one(shop.book, give(*shop.pair, 1 if shop is not first else "0.5"))
    assert list(cache._books) == [first.book.pk, third.book.pk]
