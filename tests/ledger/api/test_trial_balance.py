"""The trial balance through the API."""

import csv
import io

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from ledger.models import Transfer
from tests.ledger.api.conftest import Api, Body, pair
from tests.support.ledger import Shop, give, make_account, one

PATH = "reports/trial-balance"


def test_the_trial_balance_now(api: Api, shop: Shop) -> None:
    with CaptureQueriesContext(connections["reader"]) as read:
        shown = api.get(PATH, {"book": shop.book.code}).json()
        assert len(read) == 2
    assert {**shown, "rows": None} == {
        "book": str(shop.book.pk),
        "at": None,
        "value_date": None,
        "rows": None,
        "totals": [{"asset": shop.asset.code, "debit": "200.00", "credit": "200.00", "balanced": True}],
        "balanced": True,
    }
    assert [(each["code"], each["debit"], each["credit"]) for each in shown["rows"]] == [
        ("cash", "200.00", "0.00"),
        ("customer-0", "0.00", "100.00"),
        ("customer-1", "0.00", "100.00"),
    ]


def test_past_trial_balances(api: Api, shop: Shop) -> None:
    moment = Transfer.objects.filter(book_id=shop.book.pk).latest("posted_at").posted_at
    one(shop.book, give(*pair(shop), 7))

    def credits(**query: str) -> list[str]:
        return [each["credit"] for each in api.get(PATH, {"book": shop.book.code, **query}).json()["rows"]]

    assert credits() == ["0.00", "93.00", "107.00"]
    assert credits(at=moment.isoformat(), asset=shop.asset.code) == ["0.00", "100.00", "100.00"]
    assert credits(value_date=moment.date().isoformat()) == ["0.00", "93.00", "107.00"]
    assert credits(value_date="2000-01-01") == []


@pytest.mark.parametrize("ask", [({"format": "csv"}, {}), ({}, {"Accept": "text/csv"})])
def test_the_trial_balance_as_csv(api: Api, shop: Shop, ask: tuple[Body, dict[str, str]]) -> None:
    evil = make_account(shop.book, shop.asset, name="=1+1", code="evil")
    one(shop.book, give(shop.cash, evil, 1))
    query, headers = ask
    reply = api.get(PATH, {"book": shop.book.code, **query}, headers)
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, cash, *_, last = csv.reader(io.StringIO(reply.body.decode()))
    assert header == ["asset", "path", "code", "name", "type", "account", "debit", "credit"]
    asset = shop.asset.code
    assert cash == [asset, "cash", "cash", "", "asset", str(shop.cash.pk), "201.00", "0.00"]
    assert last == [asset, "evil", "evil", "'=1+1", "liability", str(evil.pk), "0.00", "1.00"]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({}, ("book", "required")),
        ({"book": "none-such"}, ("book", "book_not_found")),
        ({"book": "a\0"}, ("book", "null_characters_not_allowed")),
        ({"asset": "none-such"}, ("asset", "asset_not_found")),
        ({"at": "yesterday"}, ("at", "invalid")),
        ({"value_date": "2026-13-01"}, ("value_date", "invalid")),
        ({"at": "2026-01-01T00:00:00Z", "value_date": "2026-01-01"}, ("value_date", "invalid")),
        ({"year": "2026"}, ("year", "unknown_field")),
    ],
)
def test_wrong_questions(api: Api, shop: Shop, query: Body, fault: tuple[str, str]) -> None:
    book = {"book": shop.book.code} if fault != ("book", "required") else {}
    reply = api.get(PATH, book | query)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [fault])


def test_a_format_that_is_none(api: Api, shop: Shop) -> None:
    assert api.get(PATH, {"book": shop.book.code, "format": "xml"}).status == 404
    assert api.get(PATH, {"book": shop.book.code}, {"Accept": "application/xml"}).code == "not_acceptable"
