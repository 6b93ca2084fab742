"""Where services are bypassed, the database refuses by itself what must never be."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from ledger import services
from ledger.domain.drafts import Kind
from tests.support.ledger import DIGIT, Shop, counters, give, hold, make_shop, on, post, recount, transfer_count
from tests.support.marked import marked

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.smoke]
WRITER, OWNER = "default", "owner"


@pytest.fixture
def shop(database: None) -> Shop:
    shop = make_shop(2, funds="100")
    made = hold(*shop.pair, 40)
    post(shop.book, made, on(made.id, Kind.HOLD_POST, 10, final=False))
    services.journal_post(book=shop.book, transfers=[give(*shop.pair, 5)])
    return shop


def run(alias: str, sql: str, *parameters: Any) -> int:
    """How many rows the statement changed; nothing stays changed."""
    # The reader cannot write an event either.
    begun = transaction.atomic(using=alias) if alias == "reader" else marked(alias)
    with begun, connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)
        changed: int = cursor.rowcount
        transaction.set_rollback(True, using=alias)
    return changed


def refused(message: str, alias: str, sql: str, *parameters: Any) -> None:
    with pytest.raises(DatabaseError, match=message):
        run(alias, sql, *parameters)


INSERT = """
INSERT INTO ledger_transfer (id, book_id, debit_account_id, credit_account_id, asset_id, amount, debit_balance,
                             credit_balance, posted_at, value_date, kind, code, event_id, reference)
SELECT {id}, book_id, {debit}, credit_account_id, asset_id, {amount}, debit_balance, credit_balance, posted_at,
       value_date, kind, code, event_id, reference FROM ledger_transfer WHERE book_id = %s LIMIT 1
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"amount": "0"}, "transfer_amount_positive"),
        ({"amount": "-1"}, "transfer_amount_positive"),
        ({"amount": "'NaN'"}, "transfer_amount_positive"),
        ({"amount": "100000000000000000000"}, "numeric field overflow"),
        ({"debit": "credit_account_id"}, "transfer_two_accounts"),
        ({"id": "id"}, "ledger_transfer_pkey"),
    ],
    ids=str,
)
def test_a_transfer_that_cannot_be_is_refused(shop: Shop, change: dict[str, str], message: str | None) -> None:
    columns = {"id": "gen_random_uuid()", "debit": "debit_account_id", "amount": "amount"} | change
    statement = INSERT.format(**columns)
    if message is None:
        assert run(WRITER, statement, shop.book.pk) == 1
    else:
        refused(message, WRITER, statement, shop.book.pk)


@pytest.mark.parametrize("table", ["ledger_transfer", "ledger_journal"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET book_id = book_id", "DELETE FROM {}", "DELETE FROM {} WHERE false", "TRUNCATE {}"]
)
@pytest.mark.parametrize(("alias", "message"), [(WRITER, "permission denied"), (OWNER, "append-only|never changed|.")])
def test_posted_facts_are_never_changed_by_anybody(
    shop: Shop, table: str, statement: str, alias: str, message: str
) -> None:
    before = transfer_count(shop.book)
    refused(message, alias, statement.format(table))
    assert transfer_count(shop.book) == before


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("SET debits_posted = credits_posted + 1", "balance_credit_floor"),
        ("SET debits_pending = credits_posted - debits_posted + 1", "balance_credit_floor"),
        ("SET floor = credits_posted - debits_posted - debits_pending + 1", "balance_credit_floor"),
        ("SET credits_posted = -1, floor = NULL", "balance_counters_not_negative"),
        ("SET debits_posted = -1", "balance_counters_not_negative"),
        ("SET debits_pending = -0.000000000000000001", "balance_counters_not_negative"),
        ("SET credits_pending = -1", "balance_counters_not_negative"),
        ("SET credits_posted = 'NaN'", "balance_counters_not_negative"),
    ],
)
def test_no_balance_falls_below_its_floor_or_zero_counters(shop: Shop, statement: str, constraint: str) -> None:
    account = shop.customers[0].pk
    refused(constraint, WRITER, f"UPDATE ledger_balance {statement} WHERE account_id = %s", account)  # fixed


def test_the_floor_of_a_debit_side_account_holds_as_well(shop: Shop) -> None:
    set_floor = "UPDATE ledger_balance SET floor = 200, credits_pending = credits_pending + {} WHERE account_id = %s"
    assert run(WRITER, set_floor.format(0), shop.cash.pk) == 1
    refused("balance_debit_floor", WRITER, set_floor.format(DIGIT), shop.cash.pk)


@pytest.mark.parametrize("posted", ["-1", "amount + 0.000000000000000001"])
def test_no_more_is_posted_of_a_hold_than_it_has(shop: Shop, posted: str) -> None:
    statement = f"UPDATE ledger_hold SET posted_amount = {posted} WHERE book_id = %s"  # noqa: S608  # fixed
    refused("hold_posted_within_amount", WRITER, statement, shop.book.pk)


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE ledger_account SET normal_side = 0 WHERE book_id = %s", "account_side"),
        ("UPDATE ledger_account SET code = 'same' WHERE book_id = %s", "account_code_once"),
        ("UPDATE ledger_account SET path = 'same' WHERE book_id = %s", "account_path_once"),
        ("DELETE FROM ledger_account WHERE book_id = %s", "foreign key"),
        ("DELETE FROM ledger_book WHERE id = %s", "foreign key"),
        (
            "UPDATE ledger_asset SET places = 19 WHERE id IN (SELECT asset_id FROM ledger_account WHERE book_id = %s)",
            ".",
        ),
    ],
)
def test_reference_data_stays_whole(shop: Shop, statement: str, constraint: str) -> None:
    def act() -> None:
        with transaction.atomic(), connections[WRITER].cursor() as cursor:
            cursor.execute(statement, [shop.book.pk])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    expect(act, constraint)


def expect(act: Callable[[], None], message: str) -> None:
    with pytest.raises(DatabaseError, match=message):
        act()


def test_the_reader_reads_and_no_more(shop: Shop) -> None:
    with connections["reader"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_transfer WHERE book_id = %s", [shop.book.pk])
        assert cursor.fetchone() == (transfer_count(shop.book),)
    refused("permission denied|read-only", "reader", "UPDATE ledger_balance SET floor = NULL")
    refused(
        "permission denied|read-only",
        "reader",
        INSERT.format(id="id", debit="debit_account_id", amount="1"),
        shop.book.pk,
    )


def test_the_books_lock_tables_cannot_be_filled_or_dropped() -> None:
    refused("permission denied|must be owner", WRITER, "DROP TABLE ledger_lock_00")


def test_the_bypass_attempts_left_no_trace(shop: Shop) -> None:
    before = [counters(each) for each in shop.customers]
    with pytest.raises(DatabaseError):
        run(WRITER, "UPDATE ledger_balance SET debits_posted = 10000 WHERE book_id = %s", shop.book.pk)
    assert [counters(each) for each in shop.customers] == before
    assert recount(shop.book) == {}
