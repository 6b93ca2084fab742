"""The list of transfers: what it shows, how it is searched, and that it stays fast."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger import services
from ledger.admin import lists
from ledger.domain.drafts import Kind
from ledger.models import Transfer
from tests.ledger.admin.conftest import BASE, Staff, column, errors, rows, text
from tests.support.ledger import Shop, give, hold, make_account, make_asset, make_shop, on, post

LIST = f"{BASE}/transfer/"
REFERENCE = 7


def found(client: Client, shop: Shop, **query: Any) -> list[str]:
    """The references that the list shows, the newest first."""
    return column(client.get(LIST, {"book": shop.book.code, **query}), REFERENCE)


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A shop with transfers of all kinds."""
    one, two, three = shop.customers
    held = hold(one, three, 8, reference="held", code=5)
    post(shop.book, give(one, two, 10, reference="ten", code=3), give(two, three, "20.5", reference="twenty", code=4))
    post(shop.book, held, on(held.id, Kind.HOLD_POST, reference="done"))
    return shop


def test_a_row_tells_all(boss: Client, busy: Shop) -> None:
    transfer = Transfer.objects.get(book_id=busy.book.pk, reference="twenty")
    posted_at = transfer.posted_at.strftime("%Y-%m-%d %H:%M:%S")
    listed = rows(boss.get(LIST, {"book": busy.book.code, "code": "4"}))
    assert listed == [[posted_at, "customer-1", "customer-2", "20.50", busy.asset.code, "posted", "4", "twenty", "-"]]


def test_an_account_brings_its_running_balance(boss: Client, busy: Shop) -> None:
    listed = rows(boss.get(LIST, {"book": busy.book.code, "account": "customer-2"}))
    assert [(row[REFERENCE], row[-1]) for row in listed] == [
        ("done", "128.50"),
        ("held", "120.50"),
        ("twenty", "120.50"),
        ("-", "100.00"),
    ]


def test_filters_narrow_the_list(boss: Client, busy: Shop) -> None:
    funds = ["-"] * 3
    today = datetime.now(UTC).date()
    assert found(boss, busy) == ["done", "held", "twenty", "ten", *funds]
    assert found(boss, busy, least="10", most="20.5") == ["twenty", "ten"]
    assert found(boss, busy, least="100.01") == []
    assert found(boss, busy, code="3") == ["ten"]
    assert found(boss, busy, kind=str(int(Kind.HOLD))) == ["held"]
    assert found(boss, busy, asset=busy.asset.code, account="customer-1") == ["twenty", "ten", "-"]
    assert found(boss, busy, since=str(today - timedelta(days=1)), until=str(today), code="4") == ["twenty"]
    assert found(boss, busy, since=str(today + timedelta(days=1))) == []
    assert found(boss, busy, until=str(today - timedelta(days=1))) == []


def test_a_journals_transfers_are_found(boss: Client, busy: Shop) -> None:
    one, two, _ = busy.customers
    journal, _ = services.journal_post(
        book=busy.book, transfers=[give(one, two, 1, reference="j1"), give(two, one, 2, reference="j2")]
    )
    assert found(boss, busy, journal=str(journal)) == ["j2", "j1"]


def test_another_asset_is_kept_apart(boss: Client, busy: Shop) -> None:
    gold = make_asset(8)
    vault, owner = (make_account(busy.book, gold, code=code) for code in ("vault", "owner"))
    post(busy.book, give(vault, owner, "0.00000001", reference="gold"))
    listed = rows(boss.get(LIST, {"book": busy.book.code, "asset": gold.code}))
    assert [(row[3], row[4], row[REFERENCE]) for row in listed] == [("0.00000001", gold.code, "gold")]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"account": "nobody"}, "The book has no account of this code."),
        ({"journal": "x"}, "Enter a valid UUID."),
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"until": "9999-12-31"}, "Ensure this value is less than or equal to 2999-12-31."),
        ({"least": "-1"}, "Must be a plain decimal number such as 12.34, with at most 20 digits before the point."),
        ({"code": "99999999999"}, "Ensure this value is less than or equal to 2147483647."),
        ({"kind": "9"}, "Select a valid choice. 9 is not one of the available choices."),
        ({"book": "no-such-book"}, "Select a valid choice. no-such-book is not one of the available choices."),
    ],
)
def test_a_filter_that_makes_no_sense_finds_nothing_and_says_why(
    boss: Client, busy: Shop, query: dict[str, str], message: str
) -> None:
    response = boss.get(LIST, {"book": busy.book.code, **query})
    assert rows(response) == []
    assert errors(response) == [message]


def test_a_misspelt_parameter_is_refused(boss: Client, busy: Shop) -> None:
    response = boss.get(LIST, {"book": busy.book.code, "accuont": "cash"})
    assert (response.status_code, response["Location"]) == (302, f"{LIST}?e=1")


def test_the_first_book_is_chosen_and_kept_by_the_links(
    boss: Client, busy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.admin.transfers.TransferAdmin.list_per_page", 1)
    first = boss.get(LIST)
    assert first.status_code == 200
    chosen = re.search(r'<option value="([^"]+)" selected', first.content.decode())
    assert chosen is not None
    monkeypatch.setattr("ledger.forms.filters.Book", _OnlyBook(busy))
    links = re.findall(r'href="(\?[^"]*cursor=[^"]*)"', boss.get(LIST).content.decode())
    assert len(links) == 1
    assert f"book={busy.book.code}" in links[0]


class _OnlyBook:
    """The model as it looks where there is one book only."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.objects = self

    def using(self, alias: str) -> "_OnlyBook":
        return self

    def order_by(self, *names: str) -> list[Any]:
        return [self.shop.book]


def test_without_a_book_the_list_says_what_to_do(boss: Client, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.forms.filters.Book.objects.using", lambda alias: _Nothing())
    content = text(boss.get(LIST).content.decode())
    assert "No book yet. Make the first one , or fill QENEX with sample data: python manage.py demo" in content


class _Nothing:
    def order_by(self, *names: str) -> list[Any]:
        return []


def walk(client: Client, shop: Shop, **query: Any) -> list[list[str]]:
    """The references of all pages, by their links."""
    response = client.get(LIST, {"book": shop.book.code, **query})
    pages = [column(response, REFERENCE)]
    while following := re.search(r'<a href="([^"]+)" rel="next">Older</a>', response.content.decode()):
        response = client.get(LIST + following[1].replace("&amp;", "&"))
        pages.append(column(response, REFERENCE))
    return pages


@pytest.mark.parametrize("query", [{}, {"account": "cash"}])
def test_pages_show_every_transfer_once(
    boss: Client, database: None, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.admin.transfers.TransferAdmin.list_per_page", 4)
    shop = make_shop(2)
    post(shop.book, *[give(shop.cash, shop.customers[number % 2], 1, reference=f"r{number}") for number in range(10)])
    assert walk(boss, shop, **query) == [["r9", "r8", "r7", "r6"], ["r5", "r4", "r3", "r2"], ["r1", "r0"]]


def test_newer_transfers_shift_nothing(boss: Client, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.admin.transfers.TransferAdmin.list_per_page", 2)
    shop = make_shop(1)
    post(shop.book, *[give(shop.cash, shop.customers[0], 1, reference=f"r{number}") for number in range(4)])
    first = boss.get(LIST, {"book": shop.book.code})
    following = re.search(r'<a href="([^"]+)" rel="next">', first.content.decode())
    assert following is not None
    post(shop.book, give(shop.cash, shop.customers[0], 1, reference="new"))
    second = boss.get(LIST + following[1].replace("&amp;", "&"))
    assert column(second, REFERENCE) == ["r1", "r0"]
    back = re.search(r'<a href="([^"]+)" rel="prev">Newer</a>', second.content.decode())
    assert back is not None
    assert column(boss.get(LIST + back[1].replace("&amp;", "&")), REFERENCE) == ["r3", "r2"]


def test_a_page_of_a_transfer_shows_both_balances(boss: Client, busy: Shop) -> None:
    transfer = Transfer.objects.get(book_id=busy.book.pk, reference="twenty")
    response = boss.get(f"{LIST}{transfer.pk}/change/")
    content = text(response.content.decode())
    assert "Debit account: 89.50 Credit account: 120.50" in content
    assert str(transfer.event_id) in content
    assert 'name="_save"' not in response.content.decode()


def test_history_of_a_transfer_is_its_event(boss: Client, busy: Shop) -> None:
    transfer = Transfer.objects.get(book_id=busy.book.pk, reference="twenty")
    response = boss.get(f"{LIST}{transfer.pk}/history/")
    assert response["Location"] == f"/admin/kernel/event/{transfer.event_id}/change/"


def test_nobody_changes_adds_or_deletes(boss: Client, busy: Shop) -> None:
    transfer = Transfer.objects.get(book_id=busy.book.pk, reference="twenty")
    assert boss.post(f"{LIST}{transfer.pk}/change/", {"amount": "1"}).status_code == 403
    assert boss.get(f"{LIST}add/").status_code == 403
    assert boss.post(f"{LIST}{transfer.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Transfer.objects.get(pk=transfer.pk).amount == Decimal("20.5")


def test_the_list_is_for_who_may_view_transfers(staff: Staff, busy: Shop) -> None:
    assert staff("view_account").get(LIST).status_code == 403
    assert staff("view_transfer").get(LIST, {"book": busy.book.code}).status_code == 200


# --- speed


@pytest.fixture(scope="module")
def crowded(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """A book with 30,000 transfers among 300 accounts, and the statistics that go with it."""
    with django_db_blocker.unblock():
        shop = make_shop(300, floor=None)
        for batch in range(6):
            drafts = [
                give(
                    shop.customers[(batch * 7 + number) % 300],
                    shop.customers[(number * 13 + 1) % 300],
                    1 + number % 50,
                    code=number % 9,
                )
                for number in range(5_000)
                if (batch * 7 + number) % 300 != (number * 13 + 1) % 300
            ]
            post(shop.book, *drafts)
        with connections["owner"].cursor() as cursor:
            cursor.execute("ANALYZE ledger_transfer, ledger_account, ledger_hold, ledger_journal")
        yield shop
        connections.close_all()


def statements(client: Client, path: str, query: dict[str, str]) -> list[str]:
    """What a page asks the reader's database, but for the alarms and keys of one's own that every page shows."""
    with CaptureQueriesContext(connections["reader"]) as captured:
        response = client.get(path, query)
    assert response.status_code == 200
    assert len(rows(response)) == 100
    every_page = ("compliance_tamperalarm", "access_apikey")
    return [each["sql"] for each in captured.captured_queries if not any(table in each["sql"] for table in every_page)]


def scans(statement: str) -> list[tuple[str, str]]:
    """The tables that the statement's plan reads, each with how."""
    with connections["reader"].cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        found = cursor.fetchone()[0]
    plan = json.loads(found) if isinstance(found, str) else found

    def nodes(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
        if "Relation Name" in node:
            yield node["Relation Name"], f"{node['Node Type']} {node.get('Index Name', '')}".strip()
        elif node["Node Type"] == "Sort":
            yield "", "Sort"
        for child in node.get("Plans", []):
            yield from nodes(child)

    return list(nodes(plan[0]["Plan"]))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Index Scan transfer_order"]),
        ({"since": "2020-01-01", "until": "2999-12-31"}, ["Index Scan transfer_order"]),
        ({"least": "5", "code": "3"}, ["Index Scan transfer_order"]),
        ({"account": "customer-7"}, ["Index Scan transfer_debits", "Index Scan transfer_credits"]),
    ],
)
def test_the_list_reads_no_more_than_its_page_by_index(
    boss: Client, crowded: Shop, query: dict[str, str], expected: list[str]
) -> None:
    asked = statements(boss, LIST, {"book": crowded.book.code, **query})
    assert not [each for each in asked if "COUNT(" in each.upper()]
    [main] = [each for each in asked if re.search(r'FROM "ledger_(transfer|leg)"', each)]
    assert "LIMIT 101" in main
    assert scans(main) == [("ledger_transfer", each) for each in expected]


def test_a_later_page_is_read_by_the_same_index(boss: Client, crowded: Shop) -> None:
    first = boss.get(LIST, {"book": crowded.book.code})
    following = re.search(r'<a href="\?([^"]+)" rel="next">', first.content.decode())
    assert following is not None
    query = dict(part.split("=", 1) for part in following[1].replace("&amp;", "&").split("&"))
    [main] = [each for each in statements(boss, LIST, query) if 'FROM "ledger_transfer"' in each]
    assert scans(main) == [("ledger_transfer", "Index Scan transfer_order")]


def test_open_holds_are_found_among_many_that_are_resolved(boss: Client, crowded: Shop) -> None:
    one, two = crowded.customers[:2]
    old = [hold(one, two, 1) for _ in range(4_000)]
    post(crowded.book, *old, *[on(each.id, Kind.HOLD_VOID) for each in old], hold(one, two, 1))
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE ledger_hold")
    with CaptureQueriesContext(connections["default"]) as captured:
        assert len(rows(boss.get(f"{BASE}/hold/", {"book": crowded.book.code}))) == 1
    [main] = [each["sql"] for each in captured.captured_queries if 'FROM "ledger_hold"' in each["sql"]]
    [how] = [how for table, how in scans(main) if table]
    # While few are open, the three indexes of open holds cost the same.
    assert how in {f"Index Scan hold_open_{each}" for each in ("order", "debits", "credits")}


@pytest.mark.parametrize(("query", "count"), [({}, 5), ({"account": "customer-7"}, 6)])
def test_the_number_of_queries_does_not_depend_on_the_rows(
    boss: Client, crowded: Shop, query: dict[str, str], count: int
) -> None:
    asked = statements(boss, LIST, {"book": crowded.book.code, **query})
    selects = [each for each in asked if each.startswith(("SELECT", "SET"))]
    # The books, the assets, perhaps the account, the limit of patience, the page, and the accounts that it names.
    assert len(selects) == count, selects


def test_a_search_that_takes_too_long_is_given_up(boss: Client, crowded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(using: str) -> Any:
        return patience(using, 1)

    patience = lists.patience
    monkeypatch.setattr("ledger.admin.lists.patience", impatient)
    response = boss.get(LIST, {"book": crowded.book.code, "least": "99999"})
    assert rows(response) == []
    assert "This search takes too long." in response.content.decode()
