"""Balances now and at any moment, trial balances and the chart, against sums made by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import selectors, services
from ledger.choices import Side
from ledger.domain.drafts import Kind, TransferDraft
from ledger.engine.load import moment
from ledger.errors import Invalid, NotFound
from ledger.models import Account, Book, Transfer
from ledger.selectors import balances as balances_module
from ledger.services.accounts import AccountSpec
from qenex.kernel.ids import uuid7
from qenex.kernel.money import to_decimal
from tests.support.ledger import give, hold, make_account, make_asset, make_book, make_shop, on, one, post

D = Decimal
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def test_the_balance_now_tells_posted_and_pending(database: None) -> None:
    shop = make_shop(2, funds="100")
    alice, bob = shop.customers
    one(shop.book, give(alice, bob, "30.50"))
    one(shop.book, hold(alice, bob, "9.50"))
    assert selectors.account_balance(alice.pk) == selectors.BalanceView(
        posted=D("69.5"),
        pending_in=D(0),
        pending_out=D("9.5"),
        available=D(60),
        debits=D("30.5"),
        credits=D(100),
        at=None,
    )
    view = selectors.account_balance(bob.pk)
    assert (view.posted, view.pending_in, view.pending_out, view.available) == (D("130.5"), D("9.5"), D(0), D("130.5"))


def test_the_balance_is_exact_where_decimal_would_round(database: None) -> None:
    book, asset = make_book(), make_asset(18)
    vault, owner = make_account(book, asset, "asset"), make_account(book, asset, "equity")
    amount = D("12345678901234567890.123456789012345678")
    one(book, give(vault, owner, amount))
    one(book, give(owner, vault, "0.000000000000000001"))
    expected = D("12345678901234567890.123456789012345677")
    now = datetime.now(UTC) + timedelta(seconds=1)
    assert selectors.account_balance(vault.pk).posted == selectors.account_balance(vault.pk).available == expected
    assert selectors.account_balance(vault.pk, at=now).posted == expected
    assert Account.objects.select_related("balance").get(pk=vault.pk).balance.posted == expected
    [total] = selectors.trial_balance(book).totals
    assert (total.debit, total.credit) == (expected, expected)
    assert selectors.account_tree(book)[0].subtotals[0].balance == expected


def test_the_balance_at_a_moment_is_the_one_after_the_last_transfer_until_then(database: None) -> None:
    shop = make_shop(1)
    [alice] = shop.customers
    moments = [moment(one(shop.book, give(shop.cash, alice, amount)).posted_at_us) for amount in (1, 2, 4)]
    tick = timedelta(microseconds=1)

    def at(when: datetime) -> Decimal:
        return selectors.account_balance(alice.pk, at=when).posted

    assert [at(each) for each in moments] == [1, 3, 7]
    assert [at(each - tick) for each in moments] == [0, 1, 3]
    assert at(LONG_AGO) == 0
    assert at(moments[-1] + timedelta(days=1)) == 7
    assert selectors.account_balance(alice.pk, at=moments[0]).pending_out is None


def test_an_unknown_account_is_not_found(database: None) -> None:
    for at in (None, LONG_AGO):
        with pytest.raises(NotFound, match="there is no account"):
            selectors.account_balance(uuid7(), at=at)


def test_many_balances_at_once(database: None) -> None:
    shop = make_shop(2, funds="5")
    alice, bob = shop.customers
    later = moment(one(shop.book, give(alice, bob, 2)).posted_at_us)
    assert selectors.balances_at(shop.book, later) == {shop.cash.pk: 10, alice.pk: 3, bob.pk: 7}
    assert selectors.balances_at([bob.pk], later) == {bob.pk: 7}
    assert selectors.balances_at([bob.pk, alice.pk], LONG_AGO) == {bob.pk: 0, alice.pk: 0}
    assert selectors.balances_at([], later) == {}


MOVES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(1, 10**22),
        st.sampled_from(["post", "post", "hold", "part", "final", "void"]),
        st.integers(-400, 400),
    ).filter(lambda move: move[0] != move[1]),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_every_past_balance_and_trial_balance_is_the_naive_sum(database: None, moves: list[tuple[Any, ...]]) -> None:
    book, accounts = _book_of_four()
    _play(book, accounts, moves)
    rows = list(Transfer.objects.filter(book_id=book.pk).order_by("posted_at"))
    _check_moments(book, accounts, rows)
    for day in {row.value_date for row in rows} | {date(2020, 1, 1)}:
        expected = _naive(accounts, [row for row in rows if row.value_date <= day])
        assert _nets(selectors.trial_balance(book, value_date=day, zeros=True)) == expected
    assert _nets(selectors.trial_balance(book, zeros=True)) == _naive(accounts, rows)


def _check_moments(book: Book, accounts: list[Account], rows: list[Transfer]) -> None:
    sides = {account.pk: account.normal_side for account in accounts}
    for number, row in enumerate(rows):
        expected = _naive(accounts, rows[: number + 1])
        found = selectors.balances_at(book, row.posted_at)
        assert {id: balance * sides[id] for id, balance in found.items()} == expected
        assert _nets(selectors.trial_balance(book, at=row.posted_at, zeros=True)) == expected
        assert selectors.account_balance(accounts[0].pk, at=row.posted_at).posted == found[accounts[0].pk]


def _book_of_four() -> tuple[Book, list[Account]]:
    book, asset = make_book(), make_asset(18)
    types = ("asset", "liability", "equity", "expense")
    return book, services.accounts_create(book=book, specs=[AccountSpec(type, asset, type) for type in types])


def _play(book: Book, accounts: list[Account], moves: list[tuple[Any, ...]]) -> None:
    """Carries the moves out, those that the rules allow; what acts on a hold takes the latest one."""
    kinds = {"part": Kind.HOLD_POST, "final": Kind.HOLD_POST, "void": Kind.HOLD_VOID}
    latest: UUID | None = None
    for debit, credit, units, what, days in moves:
        day = date(2026, 1, 1) + timedelta(days=days)
        if what in ("post", "hold"):
            kind = Kind.HOLD if what == "hold" else Kind.POSTED
            draft = TransferDraft(uuid7(), accounts[debit].pk, accounts[credit].pk, units, kind, value_date=day)
            latest = draft.id if what == "hold" else latest
        elif latest is None:
            continue
        else:
            amount = D(0) if what == "void" else to_decimal(units)
            draft = on(latest, kinds[what], amount, final=what != "part", value_date=day)
        post(book, draft)


def _naive(accounts: list[Account], rows: list[Transfer]) -> dict[UUID, Decimal]:
    """Debits less credits of each account, added up in integers."""
    net = dict.fromkeys((account.pk for account in accounts), 0)
    for row in rows:
        if row.kind in (Kind.POSTED, Kind.HOLD_POST, Kind.HOLD_PART, Kind.REVERSAL):
            units = int(f"{row.amount:f}".replace(".", ""))
            net[row.debit_account_id] += units
            net[row.credit_account_id] -= units
    return {account: to_decimal(units) for account, units in net.items()}


def _nets(balance: selectors.TrialBalance) -> dict[UUID, Decimal]:
    assert balance.balanced
    assert all(not (row.debit and row.credit) and min(row.debit, row.credit) >= 0 for row in balance.rows)
    return {row.account_id: row.debit or row.credit.copy_negate() for row in balance.rows}


def test_the_trial_balance_has_columns_and_totals_by_asset(database: None) -> None:
    book, first, second = make_book(), make_asset(), make_asset()
    cash = make_account(book, first, "asset", code="cash", path="assets:cash", name="Cash")
    equity = make_account(book, first, "equity", path="equity")
    gold, vault = make_account(book, second, "asset"), make_account(book, second, "liability")
    idle = make_account(book, first, "asset", path="assets:idle")
    post(book, give(cash, equity, 10), give(gold, vault, 3))
    balance = selectors.trial_balance(book, asset=first)
    assert [(row.path, row.name, row.type, row.debit, row.credit) for row in balance.rows] == [
        ("assets:cash", "Cash", "asset", D(10), D(0)),
        ("equity", "", "equity", D(0), D(10)),
    ]
    assert balance.totals == [selectors.TrialBalanceTotal(first.code, D(10), D(10))]
    assert {row.account_id for row in selectors.trial_balance(book, zeros=True).rows} == {
        *(cash.pk, equity.pk, gold.pk, vault.pk, idle.pk)
    }
    assert {total.asset: total.debit for total in selectors.trial_balance(book).totals} == {
        first.code: 10,
        second.code: 3,
    }


def test_the_trial_balance_is_of_one_time_only(database: None) -> None:
    with pytest.raises(Invalid, match="not both"):
        selectors.trial_balance(make_book(), at=LONG_AGO, value_date=date(2026, 1, 1))


def test_the_chart_is_a_tree_with_subtotals(database: None) -> None:
    book, asset, other = make_book(), make_asset(), make_asset()
    cash = make_account(book, asset, "asset", code="cash", path="assets:cash")
    bank = make_account(book, asset, "asset", path="assets:cash:bank")
    gold, owner = (
        make_account(book, other, "asset", path="assets:gold"),
        make_account(book, other, "equity", path="equity"),
    )
    client = make_account(book, asset, "liability", path="clients:1")
    post(book, give(cash, client, 10), give(bank, client, 5), give(gold, owner, 2))
    assets, clients, equity = selectors.account_tree(book)
    assert [node.path for node in (assets, clients, equity)] == ["assets", "clients", "equity"]
    assert {each.asset: each.balance for each in assets.subtotals} == {asset.code: 15, other.code: 2}
    assert (assets.side, assets.count, assets.accounts) == (Side.DEBIT, 3, [])
    assert (clients.side, clients.subtotals) == (Side.CREDIT, [selectors.Subtotal(asset.code, D(15))])
    [under_cash, _] = assets.children
    assert [account.code for account in under_cash.accounts] == ["cash"]
    assert under_cash.children[0].segment == "bank"
    [branch] = selectors.account_tree(book, under="assets", depth=1)
    assert [(node.path, node.count, node.children) for node in branch.children] == [
        ("assets:cash", 2, []),
        ("assets:gold", 1, []),
    ]
    assert selectors.account_tree(book, under="asset") == []


def test_the_history_of_an_account_goes_page_by_page(database: None) -> None:
    shop = make_shop(2, funds="100")
    alice, bob = shop.customers
    post(shop.book, give(alice, bob, 1), give(bob, alice, 2), give(shop.cash, bob, 4), give(alice, bob, 8))
    history = selectors.transfers_of_account(alice.pk)
    assert [(leg.amount, leg.side, leg.balance) for leg in history] == [
        (8, Side.DEBIT, 93),
        (2, Side.CREDIT, 101),
        (1, Side.DEBIT, 99),
        (100, Side.CREDIT, 100),
    ]
    second = history[:2][1]
    assert [leg.amount for leg in history.filter(posted_at__lt=second.posted_at)] == [1, 100]


@pytest.mark.parametrize(
    "ask",
    [
        lambda book, account: selectors.account_balance(account.pk),
        lambda book, account: selectors.account_balance(account.pk, at=LONG_AGO),
        lambda book, account: selectors.balances_at(book, LONG_AGO),
        lambda book, account: selectors.trial_balance(book),
        lambda book, account: selectors.trial_balance(book, at=LONG_AGO),
        lambda book, account: selectors.trial_balance(book, value_date=date(2026, 1, 1)),
        lambda book, account: selectors.account_tree(book),
        lambda book, account: list(selectors.transfers_of_account(account.pk)),
    ],
)
def test_each_question_is_one_query(database: None, ask: Callable[[Book, Account], Any]) -> None:
    shop = make_shop(3, funds="1")
    with CaptureQueriesContext(connection) as queries:
        ask(shop.book, shop.cash)
    assert len(queries) == 1


def test_the_reader_may_ask_everything(database: None) -> None:
    shop = make_shop(1, funds="3")
    [alice] = shop.customers
    assert selectors.account_balance(alice.pk, using="reader").posted == 3
    assert selectors.balances_at(shop.book, datetime.now(UTC), using="reader")[alice.pk] == 3
    assert selectors.trial_balance(shop.book, using="reader").balanced
    assert selectors.account_tree(shop.book, using="reader")[0].count == 1
    assert [leg.amount for leg in selectors.transfers_of_account(alice.pk, using="reader")] == [3]


def plan_of(query: str, parameters: Any) -> list[dict[str, Any]]:
    """The nodes of a query's plan, as it is carried out."""
    with connections["default"].cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", parameters)
        [[[whole]]] = cursor.fetchall()
    nodes, waiting = [], [whole["Plan"]]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += node.get("Plans", [])
    return nodes


@pytest.fixture(scope="module")
def long_history(django_db_setup: None, django_db_blocker: Any) -> Any:
    """A shop whose cash account has a history of thousands of transfers."""
    with django_db_blocker.unblock():
        shop = make_shop(20, floor=None)
        for _ in range(2):
            post(shop.book, *[give(shop.cash, shop.customers[number % 20], 1) for number in range(4_000)])
        with connections["owner"].cursor() as cursor:
            cursor.execute("ANALYZE ledger_transfer, ledger_account")
        yield shop


@pytest.mark.parametrize("query", ["_AT", "_MANY_AT"])
def test_a_past_balance_is_two_index_look_ups(database: None, long_history: Any, query: str) -> None:
    parameters = {"account": long_history.cash.pk, "accounts": [long_history.cash.pk], "at": datetime.now(UTC)}
    nodes = plan_of(getattr(balances_module, query), parameters)
    scans = [node for node in nodes if node.get("Relation Name") == "ledger_transfer"]
    assert sorted(node["Index Name"] for node in scans) == ["transfer_credits", "transfer_debits"]
    assert all(node["Node Type"] == "Index Scan" for node in scans)
    assert sum(node["Actual Rows"] for node in scans) <= 2


def test_all_past_balances_of_a_book_are_two_index_look_ups_each(database: None, long_history: Any) -> None:
    nodes = plan_of(balances_module._BOOK_AT, {"book": long_history.book.pk, "at": datetime.now(UTC)})
    scans = [node for node in nodes if node.get("Relation Name") == "ledger_transfer"]
    assert sorted(node["Index Name"] for node in scans) == ["transfer_credits", "transfer_debits"]
    assert [node["Actual Loops"] for node in scans] == [21, 21]
    assert all(node["Actual Rows"] <= 1 for node in scans)


def test_a_page_of_a_long_history_costs_its_own_length(database: None, long_history: Any) -> None:
    history = selectors.transfers_of_account(long_history.cash.pk)[:50]
    query, parameters = history.query.sql_with_params()
    nodes = plan_of(query, parameters)
    assert "Merge Append" in {node["Node Type"] for node in nodes}
    assert not {"Sort", "Seq Scan", "Bitmap Heap Scan"} & {node["Node Type"] for node in nodes}
    assert sum(node["Actual Rows"] for node in nodes if node.get("Relation Name")) <= 52
