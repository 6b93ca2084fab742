"""The ledger's states follow from the log, and a replay names what does not."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from pytest_django import DjangoDbBlocker

from compliance.replay import Replay, opened, replay
from ledger import services
from ledger.domain.drafts import Kind
from tests.compliance.replay.comparing import (
    Key,
    change_each_column,
    compared,
    delete_each_row,
    each_column,
    nothing_differs,
    tables,
)
from tests.support.ledger import Shop, give, hold, make_shop, on, post
from tests.support.sabotage import changed

pytestmark = pytest.mark.usefixtures("own_database", "database")
LEDGER = ("books", "assets", "accounts", "balances", "holds", "limits")


class Busy:
    """A book in which everything has happened, and one of its rows in each table."""

    def __init__(self) -> None:
        self.shop: Shop = make_shop(3, funds="100")
        book, (one, two, _) = self.shop.book, self.shop.customers
        services.account_update(account=one, status="frozen", metadata={"x": 'y{"\\', "z": [1, None, "é"]})
        services.account_update(account=one, status="open", floor=Decimal("-5"))
        holds = [hold(one, two, 10, timeout=timeout) for timeout in (None, 60, 3600, 5)]
        post(book, *holds)
        first, second, third, _ = (each.id for each in holds)
        parts = (on(first, Kind.HOLD_POST, 4), on(second, Kind.HOLD_POST, 3, final=False), on(third, Kind.HOLD_VOID))
        post(book, *parts)
        journal, _ = services.journal_post(book=book, transfers=[give(one, two, 2)])
        services.journal_reverse(journal=journal, reason="a mistake")
        limit = services.limit_create(account=one, asset=self.shop.asset, maximum=Decimal(10))
        services.limit_delete(limit=services.limit_create(account=two, maximum=Decimal(10)))
        services.book_update(book=book, name="Another name", status="closed")
        ids = {
            "ledger_book": book.pk,
            "ledger_bookhead": book.pk,
            "ledger_asset": self.shop.asset.pk,
            "ledger_account": one.pk,
            "ledger_balance": one.pk,
            "ledger_hold": second,
            "ledger_rolelimit": limit.pk,
        }
        self.keys: dict[str, Key] = {table: (str(id),) for table, id in ids.items()}


@pytest.fixture(scope="module")
def busy(own_database: None, django_db_blocker: DjangoDbBlocker) -> Busy:
    with django_db_blocker.unblock():
        return Busy()


@pytest.fixture
def replayed(busy: Busy) -> Iterator[Replay]:
    with opened(LEDGER, using="owner") as built:
        yield built


def test_a_book_in_which_everything_has_happened_is_as_the_log_tells(busy: Busy) -> None:
    nothing_differs(LEDGER)
    report = replay(LEDGER, compared=False)
    assert {table.name for table in report.tables} == set(busy.keys)
    assert all(table.rows for table in report.tables)


def test_every_column_that_is_changed_behind_the_log_is_named_alone(busy: Busy, replayed: Replay) -> None:
    assert change_each_column(replayed, busy.keys) == each_column(replayed, busy.keys)


def test_a_row_that_is_gone_or_has_another_key_is_named(busy: Busy, replayed: Replay) -> None:
    assert delete_each_row(replayed, busy.keys) == {name: [(key[0], "(row)")] for name, key in busy.keys.items()}
    for table in tables(replayed):
        key = busy.keys[table.name]
        with changed(replayed.cursor, table, key, table.key[0]):
            both = compared(replayed, table)
        assert (len(both), (key[0], "(row)") in both, {column for _, column in both}) == (2, True, {"(row)"})
        assert compared(replayed, table) == []
