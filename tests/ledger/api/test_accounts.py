"""Accounts, their balances and their history through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from ledger.domain.drafts import Kind
from ledger.models import Account, Transfer
from qenex.kernel.ids import uuid7
from tests.ledger.api.conftest import Api, Body
from tests.support.ledger import Shop, give, hold, make_account, make_asset, make_book, make_shop, on, one, post


def opening(shop: Shop, **fields: Any) -> Body:
    return {"book": shop.book.code, "code": f"c-{uuid7().hex}", "asset": shop.asset.code, "type": "liability", **fields}


def test_an_account_is_opened(api: Api, shop: Shop) -> None:
    body = opening(
        shop,
        id=str(uuid7()),
        path="liabilities:customers:7",
        name="Anna",
        owner_ref="p-7",
        floor="-10.5",
        metadata={"a": "b"},
        normal_side="debit",
    )
    reply = api.post("accounts", body)
    assert reply.status == 201
    account = Account.objects.get(pk=body["id"])
    assert reply.json() == {
        "id": body["id"],
        "book": str(shop.book.pk),
        "path": "liabilities:customers:7",
        "code": body["code"],
        "name": "Anna",
        "type": "liability",
        "normal_side": "debit",
        "asset": shop.asset.code,
        "owner_ref": "p-7",
        "status": "open",
        "floor": "-10.50",
        "balance": {
            "posted": "0.00",
            "pending_in": "0.00",
            "pending_out": "0.00",
            "available": "0.00",
            "debits": "0.00",
            "credits": "0.00",
        },
        "metadata": {"a": "b"},
        "version": 1,
        "created_at": account.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    assert api.get(f"accounts/{account.pk}").json() == reply.json()


def test_what_is_left_open(api: Api, shop: Shop) -> None:
    body = opening(shop, book=str(shop.book.pk), asset=str(shop.asset.pk))
    shown = api.post("accounts", body).json()
    assert (shown["path"], shown["normal_side"], shown["floor"]) == (body["code"], "credit", None)


@pytest.mark.parametrize(
    ("wrong", "status", "code", "fault"),
    [
        ({"book": "none-such"}, 422, "book_not_found", ("#/book", "book_not_found")),
        ({"asset": "none-such"}, 422, "asset_not_found", ("#/asset", "asset_not_found")),
        ({"type": "wealth"}, 400, "invalid", ("#/type", "invalid_choice")),
        ({"path": "a::b"}, 400, "invalid", ("#/path", "invalid")),
        ({"floor": "0.001"}, 400, "invalid", ("#/floor", "invalid")),
        ({"floor": "1.00"}, 400, "invalid", ("#/floor", "invalid")),
        ({"floor": 5}, 400, "invalid", ("#/floor", "type")),
        ({"floor": "NaN"}, 400, "invalid", ("#/floor", "format")),
        ({"normal_side": 1}, 400, "invalid", ("#/normal_side", "invalid_choice")),
        ({"id": "7"}, 400, "invalid", ("#/id", "invalid")),
        ({"balance": "5"}, 400, "invalid", ("#/balance", "unknown_field")),
    ],
)
def test_malformed_accounts(api: Api, shop: Shop, wrong: Body, status: int, code: str, fault: tuple[str, str]) -> None:
    reply = api.post("accounts", opening(shop) | wrong)
    assert (reply.status, reply.code, reply.faults) == (status, code, [fault])


def test_a_code_is_taken_once_in_a_book(api: Api, shop: Shop) -> None:
    body = opening(shop)
    api.post("accounts", body)
    reply = api.post("accounts", body)
    assert (reply.status, reply.code) == (409, "conflict")
    same_id = opening(shop, id=str(shop.cash.pk))
    assert api.post("accounts", same_id).status == 409


def test_an_account_is_changed_by_who_has_seen_it(api: Api, shop: Shop) -> None:
    path = f"accounts/{shop.customers[0].pk}"
    tag = api.get(path).headers["ETag"]
    reply = api.patch(path, {"name": "Anna", "status": "frozen", "floor": None, "metadata": {"k": 1}}, tag)
    assert reply.status == 200
    shown = reply.json()
    assert (shown["name"], shown["status"], shown["floor"], shown["version"]) == ("Anna", "frozen", None, 2)
    assert api.patch(path, {"name": "Berta"}, tag).code == "precondition_failed"
    assert api.patch(path, {"name": "Berta"}).code == "precondition_required"
    assert api.patch(path, {"name": "Berta"}, "*").json()["name"] == "Berta"


def test_a_balance_that_moves_on_is_shown_and_hinders_nobody(api: Api, shop: Shop) -> None:
    path = f"accounts/{shop.customers[0].pk}"
    tag = api.get(path).headers["ETag"]
    assert api.get(path, headers={"If-None-Match": tag}).status == 304
    shop.fund(shop.customers[0], 1)
    fresh = api.get(path, headers={"If-None-Match": tag})
    assert (fresh.status, fresh.json()["balance"]["posted"]) == (200, "101.00")
    assert fresh.headers["ETag"] != tag
    assert api.patch(path, {"name": "Anna"}, tag).status == 200


def test_what_the_balance_forbids(api: Api, shop: Shop) -> None:
    path = f"accounts/{shop.customers[0].pk}"
    closed = api.patch(path, {"status": "closed"}, "*")
    assert (closed.status, closed.code) == (409, "conflict")
    higher = api.patch(path, {"floor": "100.01"}, "*")
    assert (higher.status, higher.code) == (409, "conflict")
    strange = api.patch(path, {"code": "x"}, "*")
    assert (strange.status, strange.faults) == (400, [("#/code", "unknown_field")])


def test_accounts_are_found(api: Api, database: None) -> None:
    book, asset = make_book(), make_asset()
    inside = make_account(book, asset, path="customers:1", owner_ref="p-1", code="one")
    at = make_account(book, make_asset(), path="customers", type="asset")
    make_account(book, asset, path="customers2")

    def found(**query: str) -> list[str]:
        return [each["id"] for each in api.get("accounts", {"book": book.code, **query}).json()["results"]]

    assert found(path="customers") == [str(at.pk), str(inside.pk)]
    assert found(owner_ref="p-1") == found(code="one") == [str(inside.pk)]
    assert found(asset=at.asset.code) == found(type="asset") == found(asset=str(at.asset_id)) == [str(at.pk)]
    assert found(status="closed") == []
    assert len(found()) == 3


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"book": "none-such"}, ("book", "book_not_found")),
        ({"asset": "none-such"}, ("asset", "asset_not_found")),
        ({"type": "wealth"}, ("type", "invalid_choice")),
        ({"code": "a\0"}, ("code", "null_characters_not_allowed")),
    ],
)
def test_filters_that_name_nothing(api: Api, query: Body, fault: tuple[str, str]) -> None:
    reply = api.get("accounts", query)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [fault])


def test_a_list_is_one_query_of_the_reader(api: Api) -> None:
    shop = make_shop(5, funds="1")
    with CaptureQueriesContext(connections["reader"]) as read:
        results = api.get("accounts", {"book": shop.book.code}).json()["results"]
    assert [each["balance"]["posted"] for each in results] == ["1.00"] * 5 + ["5.00"]
    assert len(read) == 1
    assert "COUNT(" not in read[0]["sql"]


def test_a_balance_now_and_then(api: Api, shop: Shop) -> None:
    account, other = shop.customers
    first = one(shop.book, give(account, other, "10"))
    post(shop.book, hold(account, other, "5"), give(account, other, "20"))
    path = f"accounts/{account.pk}/balance"
    assert api.get(path).json() == {
        "account": str(account.pk),
        "asset": shop.asset.code,
        "at": None,
        "posted": "70.00",
        "pending_in": "0.00",
        "pending_out": "5.00",
        "available": "65.00",
        "debits": "30.00",
        "credits": "100.00",
    }
    moment = Transfer.objects.get(pk=first.id).posted_at
    then = api.get(path, {"at": moment.isoformat()}).json()
    assert (then["posted"], then["available"], then["at"]) == ("90.00", None, moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    before = (moment - timedelta(microseconds=1)).isoformat()
    assert api.get(path, {"at": before}).json()["posted"] == "100.00"


def test_moments_of_long_ago_have_four_digits(api: Api, shop: Shop) -> None:
    shown = api.get(f"accounts/{shop.cash.pk}/balance", {"at": "0573-05-04T22:43:37Z"}).json()
    assert (shown["at"], shown["posted"]) == ("0573-05-04T22:43:37.000000Z", "0.00")


def test_balances_of_nothing(api: Api, shop: Shop) -> None:
    assert api.get(f"accounts/{uuid7()}/balance").code == "not_found"
    wrong = api.get(f"accounts/{shop.cash.pk}/balance", {"at": "yesterday"})
    assert (wrong.status, wrong.faults) == (400, [("at", "invalid")])
    strange = api.get(f"accounts/{shop.cash.pk}/balance", {"on": "2026-01-01"})
    assert (strange.status, strange.faults) == (400, [("on", "unknown_field")])


def test_the_history_of_an_account(api: Api, shop: Shop) -> None:
    account, other = shop.customers
    held = one(shop.book, hold(account, other, "5", reference="r"))
    one(shop.book, on(held.id, Kind.HOLD_POST))
    path = f"accounts/{account.pk}/transfers"
    results = api.get(path).json()["results"]
    shown = [(each["kind"], each["side"], each["amount"], each["balance"]) for each in results]
    assert shown == [
        ("hold_post", "debit", "5.00", "95.00"),
        ("hold", "debit", "5.00", "100.00"),
        ("posted", "credit", "100.00", "100.00"),
    ]
    assert [each["kind"] for each in api.get(path, {"reference": "r"}).json()["results"]] == ["hold"]
    assert api.get(f"accounts/{uuid7()}/transfers").code == "not_found"


def test_the_history_comes_in_pages(api: Api, shop: Shop) -> None:
    account, other = shop.customers
    ids = [str(one(shop.book, give(account, other, 1)).id) for _ in range(4)][::-1]
    path = f"accounts/{account.pk}/transfers"
    first = api.get(path, {"limit": 3}).json()
    assert [each["id"] for each in first["results"]] == ids[:3]
    assert first["previous"] is None
    with CaptureQueriesContext(connections["reader"]) as read:
        second = api.client.get(first["next"]).json()
    assert len(read) == 2
    assert not any("COUNT(" in query["sql"] for query in read)
    assert second["results"][0]["id"] == ids[3]
    assert len(second["results"]) == 2
    assert second["next"] is None
    assert [each["id"] for each in api.client.get(second["previous"]).json()["results"]] == ids[:3]
