"""Transfers, as they are found and shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from ledger import services
from ledger.domain.drafts import Kind
from ledger.models import Transfer
from qenex.kernel.ids import uuid7
from tests.ledger.api.conftest import Api, Body
from tests.support.ledger import Shop, give, hold, make_shop, on, one, post


@pytest.fixture
def empty(database: None) -> Shop:
    """A book without transfers, whose accounts may be overdrawn."""
    return make_shop(3, floor=None)


def test_a_transfer_is_shown(api: Api, empty: Shop) -> None:
    one_, other, _ = empty.customers
    draft = give(one_, other, "1.5", code=7, reference="r", metadata={"a": 1})
    one(empty.book, draft)
    row = Transfer.objects.get(pk=draft.id)
    shown = api.get(f"transfers/{draft.id}").json()
    assert shown == {
        "id": str(draft.id),
        "book": str(empty.book.pk),
        "debit_account": str(one_.pk),
        "credit_account": str(other.pk),
        "asset": empty.asset.code,
        "amount": "1.50",
        "kind": "posted",
        "code": 7,
        "posted_at": row.posted_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "value_date": row.value_date.isoformat(),
        "reference": "r",
        "metadata": {"a": 1},
        "origin": None,
        "journal": None,
        "event": str(row.event_id),
        "debit_balance": "-1.50",
        "credit_balance": "1.50",
    }
    assert api.get("transfers", {"book": empty.book.code}).json()["results"] == [shown]
    assert api.get(f"transfers/{uuid7()}").code == "not_found"


def test_transfers_are_found(api: Api, empty: Shop) -> None:
    a, b, c = empty.customers
    drafts = [
        give(a, b, "1", code=5, reference="first"),
        give(b, c, "2", value_date=None),
        hold(c, a, "3"),
    ]
    post(empty.book, *drafts)
    void = on(drafts[2].id, Kind.HOLD_VOID)
    one(empty.book, void)
    journal, results = services.journal_post(book=empty.book, transfers=[give(a, c, "5")])
    names = {draft.id: name for draft, name in zip([*drafts, void], ["1", "2", "hold", "void"], strict=True)}
    names[results[0].id] = "journal"

    def found(**query: Any) -> list[str]:
        results = api.get("transfers", {"book": empty.book.code, **query}).json()["results"]
        return [names[uuid] for each in results for uuid in names if str(uuid) == each["id"]]

    assert found() == ["journal", "void", "hold", "2", "1"]
    assert found(account=str(b.pk)) == ["2", "1"]
    assert found(account=str(a.pk), kind="posted") == ["journal", "1"]
    assert found(asset=empty.asset.code, code=5) == found(reference="first") == ["1"]
    assert found(amount_min="2", amount_max="3.00") == ["void", "hold", "2"]
    assert found(kind="hold_void") == found(origin=str(drafts[2].id)) == ["void"]
    assert found(journal=str(journal)) == ["journal"]
    moment = Transfer.objects.get(pk=drafts[1].id).posted_at
    assert found(since=moment.isoformat()) == ["journal", "void", "hold", "2"]
    assert found(until=moment.isoformat()) == ["1"]
    tomorrow = (moment + timedelta(days=1)).date().isoformat()
    assert found(value_from=tomorrow) == []
    assert len(found(value_to=tomorrow)) == 5


def test_moments_may_have_any_offset(api: Api, shop: Shop) -> None:
    query = {"book": shop.book.code, "since": "1975-06-19T13:59:56.822022-21:41"}
    assert len(api.get("transfers", query).json()["results"]) == 2


def test_another_books_account_finds_nothing(api: Api, empty: Shop, shop: Shop) -> None:
    results = api.get("transfers", {"book": empty.book.code, "account": str(shop.cash.pk)}).json()["results"]
    assert results == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({}, ("book", "required")),
        ({"book": "none-such"}, ("book", "book_not_found")),
        ({"account": "cash"}, ("account", "invalid")),
        ({"amount_min": "NaN"}, ("amount_min", "format")),
        ({"amount_max": "-1"}, ("amount_max", "format")),
        ({"code": "x"}, ("code", "invalid")),
        ({"code": str(2**31)}, ("code", "max_value")),
        ({"kind": "9"}, ("kind", "invalid_choice")),
        ({"since": "yesterday"}, ("since", "invalid")),
        ({"since": "0001-01-01T00:00:00+01:00"}, ("since", "invalid")),
        ({"kind": ""}, ("kind", "blank")),
        ({"account": ""}, ("account", "blank")),
        ({"reference": ""}, ("reference", "blank")),
        ({"colour": "red"}, ("colour", "unknown_parameter")),
        ({"limit": "0"}, ("limit", "invalid")),
    ],
)
def test_wrong_filters(api: Api, empty: Shop, query: Body, fault: tuple[str, str]) -> None:
    book = {"book": empty.book.code} if fault != ("book", "required") else {}
    reply = api.get("transfers", book | query)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [fault])


def test_a_list_is_one_query_of_the_reader(api: Api, empty: Shop) -> None:
    a, b, _ = empty.customers
    post(empty.book, *[give(a, b, 1) for _ in range(20)])
    for query in ({}, {"account": str(a.pk)}):
        with CaptureQueriesContext(connections["reader"]) as read:
            assert len(api.get("transfers", {"book": empty.book.code, "limit": 15, **query}).json()["results"]) == 15
        assert len(read) == 1
        assert "COUNT(" not in read[0]["sql"]
