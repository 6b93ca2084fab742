"""Holds and limits through the API."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.test.utils import CaptureQueriesContext

from ledger.models import Hold, RoleLimit
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.ledger.api.conftest import Api, Body, pair, transfer
from tests.support.ledger import Shop, available, hold, one, posted
from tests.support.marked import marked


def test_a_hold_is_shown(api: Api, shop: Shop) -> None:
    id = one(shop.book, hold(*pair(shop), "5", timeout=60)).id
    row = Hold.objects.get(pk=id)
    format = "%Y-%m-%dT%H:%M:%S.%fZ"
    shown = api.get(f"holds/{id}").json()
    assert shown == {
        "id": str(id),
        "book": str(shop.book.pk),
        "debit_account": str(shop.customers[0].pk),
        "credit_account": str(shop.customers[1].pk),
        "asset": shop.asset.code,
        "amount": "5.00",
        "posted": "0.00",
        "remaining": "5.00",
        "status": "open",
        "expires_at": (row.created_at + timedelta(seconds=60)).strftime(format),
        "created_at": row.created_at.strftime(format),
        "resolved_at": None,
    }
    with CaptureQueriesContext(connections["reader"]) as read:
        assert api.get("holds", {"book": shop.book.code}).json()["results"] == [shown]
        assert len(read) == 1


def test_holds_are_found(api: Api, shop: Shop) -> None:
    a, b = shop.customers
    first, second = one(shop.book, hold(a, b, "5", timeout=60)).id, one(shop.book, hold(shop.cash, b, "5")).id
    api.post(f"holds/{second}/void", {})

    def found(**query: str) -> list[str]:
        return [each["id"] for each in api.get("holds", {"book": shop.book.code, **query}).json()["results"]]

    assert found() == found(account=str(b.pk)) == [str(second), str(first)]
    assert (
        found(account=str(a.pk)) == found(status="open") == found(expires_before="2999-01-01T00:00:00Z") == [str(first)]
    )
    assert found(asset=shop.asset.code, status="voided") == [str(second)]
    assert api.get("holds").faults == [("book", "required")]
    assert api.get(f"holds/{uuid7()}").code == "not_found"


def test_a_hold_is_posted_in_parts(api: Api, shop: Shop) -> None:
    id = one(shop.book, hold(*pair(shop), "10")).id
    part = api.post(f"holds/{id}/post", {"amount": "4.00", "final": False, "reference": "part"})
    assert (part.status, part.json()["status"], part.json()["debit_balance"]) == (201, "posted", "96.00")
    assert available(shop.customers[0]) == Decimal(90)
    rest = api.post(f"holds/{id}/post", {})
    assert (rest.status, rest.json()["debit_balance"]) == (201, "90.00")
    late = api.post(f"holds/{id}/void", {})
    assert (late.status, late.code) == (422, "hold_resolved")


def test_a_hold_is_voided_once(api: Api, shop: Shop) -> None:
    id = one(shop.book, hold(*pair(shop), "10")).id
    key = uuid7().hex
    first = api.post(f"holds/{id}/void", {}, key)
    assert (first.status, first.json()["status"]) == (201, "voided")
    assert api.post(f"holds/{id}/void", {}, key).body == first.body
    assert available(shop.customers[0]) == Decimal(100)


def test_the_same_post_by_its_id(api: Api, shop: Shop) -> None:
    id, body = one(shop.book, hold(*pair(shop), "10")).id, {"id": str(uuid7()), "amount": "3.00"}
    assert api.post(f"holds/{id}/post", body).status == 201
    again = api.post(f"holds/{id}/post", body)
    assert (again.status, again.json()["replayed"]) == (200, True)
    assert posted(shop.customers[0]) == Decimal(97)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"amount": "10.01"}, 422, "hold_exceeded"),
        ({"amount": "1.001"}, 422, "amount_precision"),
        ({"amount": "0"}, 400, "invalid"),
        ({"amount": 1}, 400, "invalid"),
        ({"final": "no"}, 400, "invalid"),
        ({"odd": 1}, 400, "invalid"),
    ],
)
def test_posts_that_cannot_be(api: Api, shop: Shop, body: Body, status: int, code: str) -> None:
    id = one(shop.book, hold(*pair(shop), "10")).id
    reply = api.post(f"holds/{id}/post", body)
    assert (reply.status, reply.code) == (status, code)
    assert available(shop.customers[0]) == Decimal(90)


def test_what_is_not_held(api: Api, database: None) -> None:
    for what in ("post", "void"):
        reply = api.post(f"holds/{uuid7()}/{what}", {})
        assert (reply.status, reply.code) == (404, "not_found")


def test_a_limit_holds_what_is_larger(api: Api, shop: Shop) -> None:
    account = str(shop.customers[1].pk)
    reply = api.post("limits", {"account": account, "asset": shop.asset.code, "maximum": "5", "verdict": "hold"})
    assert reply.status == 201
    shown = reply.json()
    assert shown == {
        "id": shown["id"],
        "role": None,
        "account": account,
        "asset": shop.asset.code,
        "maximum": "5.00",
        "verdict": "hold",
    }
    larger = api.post("transfers", {"book": shop.book.code, **transfer(shop, "5.01")})
    assert (larger.status, larger.json()["status"]) == (201, "held")
    assert api.get("limits", {"account": account}).json()["results"] == [shown]
    assert api.get(f"limits/{shown['id']}").json() == shown
    assert api.send("DELETE", f"limits/{shown['id']}", "").status == 204
    assert api.send("DELETE", f"limits/{shown['id']}", "").status == 404
    events = Event.objects.filter(subject_type="limit", subject_id=shown["id"]).values_list("type", flat=True)
    assert sorted(events) == ["ledger.limit.created", "ledger.limit.deleted"]


def test_a_roles_limit_refuses(api: Api, shop: Shop) -> None:
    with marked():
        role = Group.objects.create(name=f"r-{uuid7().hex}")
    shown = api.post("limits", {"role": role.name, "maximum": "0"}).json()
    assert (shown["role"], shown["account"], shown["asset"], shown["maximum"]) == (role.name, None, None, "0")
    with CaptureQueriesContext(connections["reader"]) as read:
        assert api.get("limits", {"role": role.name}).json()["results"] == [shown]
        assert len(read) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"maximum": "1"}, 400, "invalid"),
        ({"role": "none-such", "maximum": "1"}, 422, "role_not_found"),
        ({"account": str(uuid7()), "maximum": "1"}, 422, "account_not_found"),
        ({"role": "none-such", "asset": "none-such", "maximum": "1"}, 422, "asset_not_found"),
        ({"role": "x", "maximum": "-1"}, 400, "invalid"),
        ({"role": "x", "maximum": "1", "verdict": "allow"}, 400, "invalid"),
    ],
)
def test_limits_that_cannot_be(api: Api, database: None, body: Body, status: int, code: str) -> None:
    count = RoleLimit.objects.count()
    reply = api.post("limits", body)
    assert (reply.status, reply.code, RoleLimit.objects.count()) == (status, code, count)
