"""The ledger's states follow from the log, and a replay names what does not."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import pytest

from compliance.replay import Replay, TableReport, replay
from compliance.replay.run import opened
from ledger import services
from ledger.domain.drafts import Kind
from qenex.kernel.projections import Table
from tests.support.ledger import Shop, give, hold, make_shop, on, post
from tests.support.sabotage import changed, deleted

pytestmark = pytest.mark.usefixtures("database")
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
        self.limit = services.limit_create(account=one, asset=self.shop.asset, maximum=Decimal(10))
        services.limit_delete(limit=services.limit_create(account=two, maximum=Decimal(10)))
        services.book_update(book=book, name="Another name", status="closed")
        self.keys: dict[str, UUID] = {
            "ledger_book": book.pk,
            "ledger_bookhead": book.pk,
            "ledger_asset": self.shop.asset.pk,
            "ledger_account": one.pk,
            "ledger_balance": one.pk,
            "ledger_hold": second,
            "ledger_rolelimit": self.limit.pk,
        }


@pytest.fixture
def built() -> Iterator[tuple[Busy, Replay]]:
    busy = Busy()
    with opened(LEDGER, using="owner") as replayed:
        yield busy, replayed


def compared(replayed: Replay, table: str) -> list[tuple[str, str]]:
    """The key and column of every difference of a table."""
    report = TableReport(table)
    replayed.compare(table, report)
    return [(each.key, each.column) for each in report.differences]


def tables(replayed: Replay) -> list[Table]:
    return [table for each in replayed.projectors for table in each.tables]


def test_a_book_in_which_everything_has_happened_is_as_the_log_tells() -> None:
    busy = Busy()
    report = replay(LEDGER)
    assert [str(each) for table in report.tables for each in table.differences] == []
    assert {table.name for table in report.tables} == set(busy.keys)
    assert all(table.rows for table in report.tables)


def test_every_column_that_is_changed_behind_the_log_is_named_alone(built: tuple[Busy, Replay]) -> None:
    busy, replayed = built
    found, expected = {}, {}
    for table in tables(replayed):
        key = str(busy.keys[table.name])
        for column in table.columns:
            with changed(replayed.cursor, table, (key,), column):
                found[table.name, column] = compared(replayed, table.name)
            expected[table.name, column] = [(key, column)]
    assert found == expected
    assert {table for table, _ in expected} == set(busy.keys)


def test_a_row_that_is_gone_or_has_another_key_is_named(built: tuple[Busy, Replay]) -> None:
    busy, replayed = built
    for table in tables(replayed):
        key = str(busy.keys[table.name])
        with deleted(replayed.cursor, table, (key,)):
            assert compared(replayed, table.name) == [(key, "(row)")]
        with changed(replayed.cursor, table, (key,), table.key[0]):
            both = compared(replayed, table.name)
        assert (len(both), (key, "(row)") in both, {column for _, column in both}) == (2, True, {"(row)"})
        assert compared(replayed, table.name) == []
