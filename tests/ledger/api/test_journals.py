"""Journals, their reversal, and exchanges through the API."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from ledger import services
from ledger.models import Journal
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event, IdempotencyKey
from tests.kernel.conftest import make_user
from tests.ledger.api.conftest import Api, Body, pair, transfer
from tests.support.ledger import Shop, give, hold, make_account, make_asset, one, posted, transfer_count


def journal(shop: Shop, *transfers: Body, **fields: Any) -> Body:
    return {"book": shop.book.code, "transfers": list(transfers), **fields}


def test_a_journal_is_posted(api: Api, shop: Shop) -> None:
    lines = [transfer(shop), transfer(shop, "2.00")]
    body = journal(shop, *lines, id=str(uuid7()), reference="r", description="d", metadata={"a": 1})
    reply = api.post("journals", body)
    assert reply.status == 201
    answer = reply.json()
    assert (answer["id"], answer["replayed"]) == (body["id"], False)
    assert [(each["id"], each["status"], each["debit_balance"]) for each in answer["transfers"]] == [
        (lines[0]["id"], "posted", "99.00"),
        (lines[1]["id"], "posted", "97.00"),
    ]
    shown = api.get(f"journals/{body['id']}").json()
    row = Journal.objects.get(pk=body["id"])
    assert {**shown, "transfers": None} == {
        "id": body["id"],
        "book": str(shop.book.pk),
        "kind": "entry",
        "reference": "r",
        "description": "d",
        "reverses": None,
        "rate": "",
        "metadata": {"a": 1},
        "posted_at": row.posted_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "transfers": None,
    }
    assert [(each["id"], each["amount"]) for each in shown["transfers"]] == [
        (lines[0]["id"], "1.00"),
        (lines[1]["id"], "2.00"),
    ]


def test_a_repeated_journal_is_posted_once(api: Api, shop: Shop) -> None:
    body, key = journal(shop, transfer(shop, id=None), id=str(uuid7())), uuid7().hex
    first = api.post("journals", body, key)
    again = api.post("journals", body, key)
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (201, first.body, "true")
    other_key = api.post("journals", body)
    assert (other_key.status, other_key.json()["replayed"]) == (200, True)
    assert transfer_count(shop.book) == 3


def test_an_id_belongs_to_its_first_journal(api: Api, shop: Shop) -> None:
    body = journal(shop, transfer(shop), id=str(uuid7()))
    api.post("journals", body)
    reply = api.post("journals", body | {"transfers": [transfer(shop)]})
    assert (reply.status, reply.code, reply.faults) == (422, "linked_failed", [("#/transfers/0/id", "id_reused")])
    assert transfer_count(shop.book) == 3


def test_a_journal_that_is_refused_leaves_nothing(api: Api, shop: Shop) -> None:
    body, key = journal(shop, transfer(shop), transfer(shop, "500")), uuid7().hex
    reply = api.post("journals", body, key)
    assert (reply.status, reply.code) == (422, "linked_failed")
    assert reply.faults == [("#/transfers/1", "insufficient_funds")]
    assert not IdempotencyKey.objects.filter(key=key).exists()
    shop.fund(shop.customers[0], 1000)
    assert api.post("journals", body, key).status == 201


@pytest.mark.parametrize(
    ("wrong", "status", "code", "fault"),
    [
        ({"transfers": []}, 400, "invalid", ("#/transfers", "empty")),
        ({"transfers": [{"amount": 1}]}, 400, "invalid", ("#/transfers/0/amount", "type")),
        ({"reference": "x" * 201}, 400, "invalid", ("#/reference", "max_length")),
        ({"description": "\0"}, 400, "invalid", ("#/description", "invalid")),
        ({"metadata": {"a": 0.5}}, 400, "invalid", ("#/metadata", "invalid")),
        ({"odd": 1}, 400, "invalid", ("#/odd", "unknown_field")),
        ({"book": "none-such"}, 422, "book_not_found", ("#/book", "book_not_found")),
    ],
)
def test_malformed_journals(api: Api, shop: Shop, wrong: Body, status: int, code: str, fault: tuple[str, str]) -> None:
    reply = api.post("journals", journal(shop, transfer(shop)) | wrong)
    assert (reply.status, reply.code, reply.faults) == (status, code, [fault])
    assert transfer_count(shop.book) == 2


def test_a_journal_needs_its_key_and_media_type(api: Api, shop: Shop) -> None:
    body = journal(shop, transfer(shop))
    assert api.send("POST", "journals", body).code == "idempotency_key_required"
    answer = api.client.post("/api/v1/journals", {"a": "b"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_who_may_not_resolve_holds_posts_no_journal_that_does(shop: Shop) -> None:
    held = one(shop.book, hold(*pair(shop), "5"))
    resolve = {"id": str(uuid7()), "kind": "hold_post", "origin": str(held.id)}
    poster = Api(make_user("ledger.post_journal"))
    reply = poster.post("journals", journal(shop, resolve))
    assert (reply.status, reply.code) == (403, "permission_denied")
    assert poster.post("journals", journal(shop, transfer(shop))).status == 201


def test_journals_are_found(api: Api, shop: Shop) -> None:
    first, _ = services.journal_post(book=shop.book, transfers=[give(*pair(shop), 1)], reference="a")
    second, _ = services.journal_reverse(journal=first, reason="typing error")

    def found(**query: str) -> list[str]:
        return [each["id"] for each in api.get("journals", {"book": shop.book.code, **query}).json()["results"]]

    with CaptureQueriesContext(connections["reader"]) as read:
        assert found() == [str(second), str(first)]
        assert len(read) == 1
    assert found(kind="entry") == [str(first)]
    assert found(reverses=str(first)) == [str(second)]
    assert found(reference="b") == []
    missing = api.get("journals")
    assert (missing.status, missing.faults) == (400, [("book", "required")])
    assert api.get(f"journals/{uuid7()}").code == "not_found"


def test_a_journal_is_shown_in_two_queries(api: Api, shop: Shop) -> None:
    id, _ = services.journal_post(book=shop.book, transfers=[give(*pair(shop), 1) for _ in range(20)])
    with CaptureQueriesContext(connections["reader"]) as read:
        assert len(api.get(f"journals/{id}").json()["transfers"]) == 20
        assert len(read) == 2


def test_a_journal_is_reversed_in_part_and_then_wholly(api: Api, shop: Shop) -> None:
    draft = give(*pair(shop), 10)
    id, _ = services.journal_post(book=shop.book, transfers=[draft])
    path = f"journals/{id}/reverse"
    part = api.post(path, {"reason": "half of it", "amounts": {str(draft.id): "4.00"}, "id": str(uuid7())})
    assert (part.status, part.json()["transfers"][0]["credit_balance"]) == (201, "94.00")
    rest = api.post(path, {"reason": "the rest"})
    assert (rest.status, posted(shop.customers[0])) == (201, Decimal(100))
    nothing = api.post(path, {"reason": "more"})
    assert (nothing.status, nothing.code, nothing.faults) == (400, "invalid", [("#/amounts", "invalid")])
    more = api.post(path, {"reason": "more", "amounts": {str(draft.id): "1"}})
    assert (more.status, more.code) == (422, "linked_failed")
    assert more.faults == [("#/transfers/0/amount", "reversal_exceeded")]
    event = Event.objects.get(subject_type="journal", subject_id=part.json()["id"])
    assert b'"reason":"half of it"' in bytes(event.body)


def test_a_repeated_reversal_is_posted_once(api: Api, shop: Shop) -> None:
    id, _ = services.journal_post(book=shop.book, transfers=[give(*pair(shop), 10)])
    body, key = {"reason": "error"}, uuid7().hex
    first = api.post(f"journals/{id}/reverse", body, key)
    assert api.post(f"journals/{id}/reverse", body, key).body == first.body
    assert posted(shop.customers[0]) == 100


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("#/reason", "required")),
        ({"reason": " "}, ("#/reason", "blank")),
        ({"reason": "x", "amounts": {"cash": "1"}}, ("#/amounts/cash", "invalid")),
        ({"reason": "x", "amounts": {str(uuid7()): "1"}}, ("#/amounts", "invalid")),
        ({"reason": "x", "odd": 1}, ("#/odd", "unknown_field")),
    ],
)
def test_malformed_reversals(api: Api, shop: Shop, body: Body, fault: tuple[str, str]) -> None:
    id, _ = services.journal_post(book=shop.book, transfers=[give(*pair(shop), 10)])
    reply = api.post(f"journals/{id}/reverse", body)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [fault])


def test_what_is_not_there_is_not_reversed(api: Api, database: None) -> None:
    reply = api.post(f"journals/{uuid7()}/reverse", {"reason": "error"})
    assert (reply.status, reply.code) == (404, "not_found")


def exchange(shop: Shop, places: int = 3) -> Body:
    coin = make_asset(places)
    position = make_account(shop.book, shop.asset, "liability")
    bank, buyer = make_account(shop.book, coin, "asset"), make_account(shop.book, coin, "liability")
    return {
        "sold_from": str(shop.customers[0].pk),
        "sold_position": str(position.pk),
        "bought_position": str(bank.pk),
        "bought_to": str(buyer.pk),
        "sold": "10.00",
        "bought": "2.5",
    }


def test_an_exchange_records_its_rate(api: Api, shop: Shop) -> None:
    body = exchange(shop) | {"id": str(uuid7()), "reference": "x"}
    reply = api.post("exchanges", body)
    assert reply.status == 201
    balances = [(each["debit_balance"], each["credit_balance"]) for each in reply.json()["transfers"]]
    assert balances == [("90.00", "10.00"), ("2.500", "2.500")]
    shown = api.get(f"journals/{body['id']}").json()
    assert (shown["kind"], shown["rate"], shown["reference"]) == ("exchange", "0.25", "x")
    again = api.post("exchanges", body)
    assert (again.status, again.json()["replayed"]) == (200, True)


def test_exchanges_that_cannot_be(api: Api, shop: Shop) -> None:
    body = exchange(shop)
    stranger = api.post("exchanges", body | {"bought_to": str(uuid7())})
    assert (stranger.status, stranger.code) == (422, "account_not_found")
    assert stranger.faults == [("#/bought_to", "account_not_found")]
    same = api.post("exchanges", body | {"bought_to": body["sold_position"]})
    assert (same.status, same.code, same.faults) == (400, "invalid", [("#", "invalid")])
    dear = api.post("exchanges", body | {"sold": "100.01"})
    assert (dear.status, dear.faults[0]) == (422, ("#/transfers/0", "insufficient_funds"))
    zero = api.post("exchanges", body | {"bought": "0"})
    assert (zero.status, zero.faults) == (400, [("#/bought", "positive")])
