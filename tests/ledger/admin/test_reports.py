"""The trial balance and the chart of accounts."""

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger.admin import lists
from tests.ledger.admin.conftest import BASE, Staff, errors, text
from tests.support.ledger import Shop, give, make_account, make_asset, post

REPORT = f"{BASE}/book/trial-balance/"
CHART = f"{BASE}/account/tree/"


def body(response: Any) -> list[list[str]]:
    """The report's rows and totals."""
    assert response.status_code == 200
    table = response.content.decode().partition('id="trial-balance"')[2].partition("</table>")[0]
    lines = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in table.split("<tr>")[2:]]
    return [[text(cell) for cell in line] for line in lines]


def file(response: Any) -> list[list[str]]:
    """The rows of the CSV."""
    assert isinstance(response, StreamingHttpResponse)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(response.getvalue().decode())))


def test_the_report_adds_up(boss: Client, shop: Shop) -> None:
    code = shop.asset.code
    response = boss.get(REPORT, {"book": shop.book.code})
    customers = [[f"customer-{n}", f"customer-{n}", "", "liability", code, "", "100.00"] for n in range(3)]
    total = [f"Total {code}", code, "300.00", "300.00"]
    assert body(response) == [["cash", "cash", "", "asset", code, "300.00", ""], *customers, total]
    assert "Balanced Debits and credits are equal in every asset." in text(response.content.decode())


def test_empty_accounts_are_shown_on_demand(boss: Client, shop: Shop) -> None:
    make_account(shop.book, shop.asset, code="spare")
    query = {"book": shop.book.code}
    assert len(body(boss.get(REPORT, query))) == 5
    assert body(boss.get(REPORT, query | {"zeros": "on"}))[4][:1] == ["spare"]


def test_the_report_is_of_an_asset(boss: Client, shop: Shop) -> None:
    gold = make_asset(8)
    vault, owner = make_account(shop.book, gold, "asset", code="vault"), make_account(shop.book, gold, code="owner")
    post(shop.book, give(vault, owner, "1.5"))
    found = body(boss.get(REPORT, {"book": shop.book.code, "asset": gold.code}))
    assert [line[-2:] for line in found] == [["", "1.50000000"], ["1.50000000", ""], ["1.50000000", "1.50000000"]]
    assert len(body(boss.get(REPORT, {"book": shop.book.code}))) == 8


@pytest.mark.parametrize(
    ("query", "cash"),
    [
        ({"day": "2020-01-01"}, None),
        ({"day": "2020-01-01", "basis": "value"}, "7.00"),
        ({"day": "2019-12-31", "basis": "value"}, None),
        ({"basis": "value"}, "307.00"),
        ({"day": "2999-12-31"}, "307.00"),
        ({}, "307.00"),
    ],
)
def test_the_report_is_of_a_day_by_posting_or_by_value(
    boss: Client, shop: Shop, query: dict[str, str], cash: str | None
) -> None:
    from datetime import date

    post(shop.book, give(shop.cash, shop.customers[0], 7, value_date=date(2020, 1, 1)))
    found = {line[0]: line for line in body(boss.get(REPORT, {"book": shop.book.code, **query}))}
    assert (found["cash"][5] if "cash" in found else None) == cash


def test_the_csv_has_plain_numbers_and_totals(boss: Client, shop: Shop) -> None:
    make_account(shop.book, shop.asset, code="evil", name="=1+1")
    code = shop.asset.code
    post(shop.book, give(shop.cash, shop.customers[0], "1234.5"))
    response = boss.get(REPORT, {"book": shop.book.code, "format": "csv", "zeros": "on", "day": "2999-01-01"})
    assert response["Content-Disposition"] == f'attachment; filename="trial-balance-{shop.book.code}-2999-01-01.csv"'
    assert file(response) == [
        ["code", "path", "name", "type", "asset", "debit", "credit"],
        ["cash", "cash", "", "asset", code, "1534.50", "0.00"],
        ["customer-0", "customer-0", "", "liability", code, "0.00", "1334.50"],
        ["customer-1", "customer-1", "", "liability", code, "0.00", "100.00"],
        ["customer-2", "customer-2", "", "liability", code, "0.00", "100.00"],
        ["evil", "evil", "'=1+1", "liability", code, "0.00", "0.00"],
        ["", "", "TOTAL", "", code, "1534.50", "1534.50"],
    ]


def test_rows_beyond_the_page_are_in_the_totals(boss: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.admin.trial.SHOWN", 2)
    response = boss.get(REPORT, {"book": shop.book.code})
    assert [line[-2:] for line in body(response)] == [["300.00", ""], ["", "100.00"], ["300.00", "300.00"]]
    assert "2 more accounts are in the totals and in the CSV." in response.content.decode()


def test_a_bad_day_is_told(boss: Client, shop: Shop) -> None:
    response = boss.get(REPORT, {"book": shop.book.code, "day": "31.12.2025"})
    assert errors(response) == ["Enter a valid date."]
    assert body(response) == []


def test_a_report_that_takes_too_long_says_so(boss: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(*args: Any) -> Any:
        raise lists.TooSlow

    monkeypatch.setattr("ledger.admin.trial.patience", impatient)
    monkeypatch.setattr("ledger.admin.tree.patience", impatient)
    assert "The report takes too long." in boss.get(REPORT, {"book": shop.book.code}).content.decode()
    assert "This chart is too large" in boss.get(CHART, {"book": shop.book.code}).content.decode()


def test_reports_are_for_who_may_view_accounts(staff: Staff, shop: Shop) -> None:
    for url in (REPORT, CHART):
        assert staff("view_book").get(url).status_code == 403
        assert staff("view_account").get(url, {"book": shop.book.code}).status_code == 200
        assert staff("view_account").post(url).status_code == 405


def chart(response: Any) -> str:
    """The tree, as text."""
    assert response.status_code == 200
    return text(response.content.decode().partition('<div class="chart">')[2].partition("<footer")[0])


def test_the_chart_has_subtotals_by_branch_and_asset(boss: Client, shop: Shop) -> None:
    gold, code = make_asset(4), shop.asset.code
    safe = make_account(shop.book, gold, "asset", code="safe", path="assets:vault:safe")
    till = make_account(shop.book, shop.asset, "asset", code="till", path="assets:till", name="Till")
    owner = make_account(shop.book, gold, code="gold-owner", path="owners:gold")
    post(shop.book, give(safe, owner, "2.5"), give(till, shop.customers[0], 40))
    found = chart(boss.get(CHART, {"book": shop.book.code}))
    totals = " ".join(sorted([f"40.00 {code}", f"2.5000 {gold.code}"], key=lambda each: each.split()[1]))
    assert f"assets 2 accounts {totals} till Till 40.00 {code}" in found
    assert f"vault 1 account 2.5000 {gold.code} safe 2.5000 {gold.code}" in found
    assert f"owners 1 account 2.5000 {gold.code} gold-owner 2.5000 {gold.code}" in found
    assert f"cash 300.00 {code}" in found


def test_a_branch_is_a_chart_of_its_own(boss: Client, shop: Shop) -> None:
    make_account(shop.book, shop.asset, "asset", code="till", path="assets:tills:one")
    response = boss.get(CHART, {"book": shop.book.code, "under": "assets:tills"})
    assert chart(response).startswith("tills 1 account 0.00")
    assert "cash" not in chart(response)
    assert f'<a href="?book={shop.book.code}">{shop.book.code}</a>' in response.content.decode()


def test_a_wide_branch_leads_to_the_list(boss: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.admin.tree.WIDTH", 2)
    for number in range(3):
        make_account(shop.book, shop.asset, code=f"w{number}", path=f"wide:w{number}")
    response = boss.get(CHART, {"book": shop.book.code})
    assert "w0 0.00" in chart(response)
    assert "w2 0.00" not in chart(response)
    assert "All 3 accounts of wide" in chart(response)
    assert f"/admin/ledger/account/?book={shop.book.code}&amp;under=wide" in response.content.decode()


def test_a_deep_branch_is_a_link_away(boss: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.admin.tree.DEPTH", 2)
    make_account(shop.book, shop.asset, code="deep", path="a:b:c:d")
    response = boss.get(CHART, {"book": shop.book.code})
    assert "b 1 account 0.00" in chart(response)
    assert "The account of b" in chart(response)
    assert f"?book={shop.book.code}&amp;under=a%3Ab" in response.content.decode()


@pytest.mark.parametrize(("url", "count"), [(REPORT, 6), (CHART, 6)])
def test_reports_ask_few_questions(boss: Client, shop: Shop, url: str, count: int) -> None:
    with CaptureQueriesContext(connections["reader"]) as captured:
        boss.get(url, {"book": shop.book.code})
    asked = [each["sql"] for each in captured.captured_queries if each["sql"].lstrip().startswith(("SELECT", "SET"))]
    assert len(asked) == count, asked  # every page asks for alarms and for one's own keys


def test_amounts_are_exact_to_the_last_digit(boss: Client, shop: Shop) -> None:
    token = make_asset(18)
    one, two = make_account(shop.book, token, "asset", code="t1"), make_account(shop.book, token, code="t2")
    post(shop.book, give(one, two, Decimal("12345678901234567890.123456789012345678")))
    found = body(boss.get(REPORT, {"book": shop.book.code, "asset": token.code}))
    assert found[0][-2] == "12,345,678,901,234,567,890.123456789012345678"
