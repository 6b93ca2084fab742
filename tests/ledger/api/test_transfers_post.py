"""One transfer at a time, over every transport."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from ledger import services
from ledger.models import Transfer
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.ledger.api.conftest import Api, Post, transfer
from tests.ledger.api.transports import Transport
from tests.support.ledger import Shop, available, make_account, make_asset, posted, transfer_count


def single(shop: Shop, amount: Any = "1.00", **fields: Any) -> dict[str, Any]:
    return {"book": shop.book.code, **transfer(shop, amount, **fields)}


def test_a_transfer_is_posted(send: Post, shop: Shop) -> None:
    body = single(shop, "12.30", code=7, reference="rent", metadata={"a": [1, {"b": "c"}]}, value_date="2041-01-31")
    reply = send("transfers", body)
    assert reply.status == 201
    row = Transfer.objects.get(pk=body["id"])
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json() == {
        "id": body["id"],
        "status": "posted",
        "code": None,
        "detail": None,
        "posted_at": row.posted_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "value_date": "2041-01-31",
        "debit_balance": "87.70",
        "credit_balance": "112.30",
        "replayed": False,
    }
    assert (row.code, row.reference, row.metadata) == (7, "rent", {"a": [1, {"b": "c"}]})
    assert posted(shop.customers[0]) == Decimal("87.7")


def test_the_book_may_be_named_by_its_id(send: Post, shop: Shop) -> None:
    assert send("transfers", single(shop) | {"book": str(shop.book.pk)}).status == 201


def test_the_same_transfer_again_gets_the_first_answer(send: Post, shop: Shop) -> None:
    body = single(shop)
    first = send("transfers", body)
    again = send("transfers", body)
    assert "Idempotent-Replayed" not in first.headers
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.json() == first.json() | {"replayed": True}
    assert transfer_count(shop.book) == 3


def test_an_id_belongs_to_its_first_content(send: Post, shop: Shop) -> None:
    body = single(shop)
    send("transfers", body)
    reply = send("transfers", body | {"amount": "2.00"})
    assert (reply.status, reply.code, reply.faults) == (409, "id_reused", [("#/id", "id_reused")])
    assert posted(shop.customers[0]) == Decimal("99")


def test_nulls_are_as_if_not_given(send: Post, shop: Shop) -> None:
    nulls = dict.fromkeys(("value_date", "metadata", "origin", "timeout"))
    assert send("transfers", single(shop) | nulls).status == 201


NOT_AMOUNTS = {
    "a number": (1, "type"),
    "a fraction": (1.5, "type"),
    "true": (True, "type"),
    "NaN": ("NaN", "format"),
    "infinity": ("Infinity", "format"),
    "an exponent": ("1e2", "format"),
    "negative": ("-1.00", "format"),
    "with a plus": ("+1.00", "format"),
    "zero": ("0", "positive"),
    "zero with decimals": ("0.00", "positive"),
    "empty": ("", "format"),
    "blank": (" 1", "format"),
    "with separators": ("1_000", "format"),
    "no decimals": ("1.", "format"),
    "nothing whole": (".5", "format"),
    "other digits": ("\u0661", "format"),
    "too large": ("1" + "0" * 20, "format"),
    "more decimals than any asset has": ("1.0000000000000000001", "amount_precision"),
}


@pytest.mark.parametrize(("amount", "code"), NOT_AMOUNTS.values(), ids=NOT_AMOUNTS)
def test_what_is_no_amount(send: Post, shop: Shop, amount: Any, code: str) -> None:
    reply = send("transfers", single(shop, amount))
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [("#/amount", code)])
    assert transfer_count(shop.book) == 2


MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown field": ({"ammount": "1"}, "#/ammount", "unknown_field"),
    "no UUID": ({"debit_account": "cash"}, "#/debit_account", "invalid"),
    "a number for a UUID": ({"credit_account": 7}, "#/credit_account", "invalid"),
    "null for the id": ({"id": None}, "#/id", "null"),
    "an unknown kind": ({"kind": "reversal"}, "#/kind", "invalid_choice"),
    "a code below zero": ({"code": -1}, "#/code", "min_value"),
    "a code above 31 bits": ({"code": 2**31}, "#/code", "max_value"),
    "a code with a fraction": ({"code": 1.0}, "#/code", "invalid"),
    "a true code": ({"code": True}, "#/code", "invalid"),
    "no date": ({"value_date": "2026-02-30"}, "#/value_date", "invalid"),
    "a long reference": ({"reference": "x" * 201}, "#/reference", "max_length"),
    "a reference with NUL": ({"reference": "a\0"}, "#/reference", "invalid"),
    "metadata that is a list": ({"metadata": []}, "#/metadata", "invalid"),
    "metadata with a fraction": ({"metadata": {"a": 0.1}}, "#/metadata", "invalid"),
    "metadata that is too large": ({"metadata": {"a": "x" * 9000}}, "#/metadata", "invalid"),
    "a time-out without a hold": ({"timeout": 5}, "#/timeout", "not_applicable"),
    "an origin without a hold": ({"origin": str(uuid7())}, "#/origin", "not_applicable"),
    "final without a hold": ({"final": True}, "#/final", "not_applicable"),
    "a time-out of no time": ({"kind": "hold", "timeout": 0}, "#/timeout", "min_value"),
    "accounts of a hold": ({"kind": "hold_void", "origin": str(uuid7())}, "#/debit_account", "not_applicable"),
    "no origin": ({"kind": "hold_post"}, "#/origin", "required"),
    "a book that is a number": ({"book": 5}, "#/book", "invalid"),
}


@pytest.mark.parametrize(("wrong", "pointer", "code"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_have_pointers(send: Post, shop: Shop, wrong: dict[str, Any], pointer: str, code: str) -> None:
    reply = send("transfers", single(shop) | wrong)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [(pointer, code)])
    assert transfer_count(shop.book) == 2


@pytest.mark.parametrize("field", ["id", "book", "debit_account", "credit_account", "amount"])
def test_what_is_required(send: Post, shop: Shop, field: str) -> None:
    body = single(shop)
    del body[field]
    reply = send("transfers", body)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [(f"#/{field}", "required")])


def _doubled(body: bytes) -> bytes:
    return b'{"amount":"5.00",' + body[1:]


NOT_JSON: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda body: b"",
    "half an object": lambda body: body[:-1],
    "two objects": lambda body: body + b"{}",
    "other bytes than UTF-8": lambda body: body[:-1] + b',"reference":"\xff"}',
    "half a surrogate pair": lambda body: body[:-1] + b',"reference":"\\ud800"}',
    "NaN": lambda body: body[:-1] + b',"metadata":{"a":NaN}}',
    "a depth without end": lambda body: body[:-1] + b',"metadata":{"a":' + b"[" * 90_000 + b"]" * 90_000 + b"}}",
    "metadata too deep for some": lambda body: body[:-1] + b',"metadata":{"a":' + b"[" * 32 + b"]" * 32 + b"}}",
    "a key twice": _doubled,
    "a key twice with spaces": lambda body: b'{"amount" : "5.00",' + body[1:],
    "a key twice in metadata": lambda body: body[:-1] + b',"metadata":{"a":1,"a":2}}',
    "a key twice beside colons": lambda body: _doubled(body[:-1] + b',"reference":"\\":"}'),
    "a key twice by another spelling": lambda body: body[:-1] + b',"\\u0061mount":"5.00"}',
}


@pytest.mark.parametrize("spoil", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json(send: Post, shop: Shop, spoil: Callable[[bytes], bytes]) -> None:
    reply = send("transfers", spoil(json.dumps(single(shop)).encode()))
    assert (reply.status, reply.code) == (400, "malformed")
    assert transfer_count(shop.book) == 2


def test_metadata_may_be_deep(send: Post, shop: Shop) -> None:
    deep: Any = 1
    for _ in range(31):
        deep = [deep]
    assert send("transfers", single(shop, metadata={"a": deep})).status == 201


@pytest.mark.parametrize("body", [[], None, 5, "x", True])
def test_a_body_is_an_object(send: Post, shop: Shop, body: Any) -> None:
    reply = send("transfers", body)
    assert (reply.status, reply.code) == (400, "invalid")
    assert [pointer for pointer, _ in reply.faults] == ["#"]


@pytest.mark.parametrize("text", ['"a" : "b', '{"x":', "a:b", '\\"amount\\":'])
def test_text_may_look_like_json(send: Post, shop: Shop, text: str) -> None:
    body = single(shop, reference=text, metadata={"note": text})
    assert send("transfers", body).status == 201
    assert Transfer.objects.get(pk=body["id"]).reference == text


OTHER_TYPES = [
    *("", "text/plain", "application/x-ndjson", "application/json; charset=latin-1"),
    *("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"),
]


@pytest.mark.parametrize("content_type", OTHER_TYPES)
def test_other_media_types_are_refused(send: Post, shop: Shop, content_type: str) -> None:
    reply = send("transfers", single(shop), content_type)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


def test_the_character_set_may_be_named(send: Post, shop: Shop) -> None:
    assert send("transfers", single(shop), 'Application/JSON; charset="UTF-8"').status == 201


def test_parameters_that_nobody_reads_are_refused(send: Post, shop: Shop) -> None:
    reply = send("transfers?linked=true", single(shop))
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [("linked", "unknown_parameter")])


def _refusals(shop: Shop) -> dict[str, tuple[dict[str, Any], str]]:
    one, other = shop.customers
    coin = make_account(shop.book, make_asset())
    stranger = make_account(make_shop_book(), shop.asset)
    frozen, closed = make_account(shop.book, shop.asset), make_account(shop.book, shop.asset)
    services.account_update(account=frozen, status="frozen")
    services.account_update(account=closed, status="closed")
    return {
        "insufficient_funds": ({"amount": "100.01"}, "#"),
        "amount_precision": ({"amount": "1.001"}, "#/amount"),
        "amount_range": ({"amount": "9" * 20, "debit_account": str(shop.cash.pk)}, "#/amount"),
        "same_account": ({"credit_account": str(one.pk)}, "#/credit_account"),
        "asset_mismatch": ({"credit_account": str(coin.pk)}, "#"),
        "account_not_found": ({"credit_account": str(stranger.pk)}, "#"),
        "account_frozen": ({"credit_account": str(frozen.pk)}, "#"),
        "account_closed": ({"debit_account": str(closed.pk)}, "#"),
        "hold_not_found": (
            {"kind": "hold_post", "origin": str(other.pk), "debit_account": None, "credit_account": None},
            "#/origin",
        ),
    }


def make_shop_book() -> Any:
    return services.book_create(code=f"b-{uuid7().hex}", name="another")


REFUSALS = [
    *("insufficient_funds", "amount_precision", "amount_range", "same_account", "asset_mismatch"),
    *("account_not_found", "account_frozen", "account_closed", "hold_not_found"),
]


@pytest.mark.parametrize("code", REFUSALS)
def test_refusals_have_the_ledgers_codes(send: Post, shop: Shop, code: str) -> None:
    if code == "amount_range":
        send("transfers", single(shop, "9" * 20, debit_account=str(shop.cash.pk)))
    wrong, pointer = _refusals(shop)[code]
    count = transfer_count(shop.book)
    reply = send("transfers", single(shop) | wrong)
    assert (reply.status, reply.code, reply.faults) == (422, code, [(pointer, code)])
    assert transfer_count(shop.book) == count


def test_decimals_that_are_zero_do_not_count(send: Post, shop: Shop) -> None:
    reply = send("transfers", single(shop, "1.500"))
    assert (reply.status, reply.json()["debit_balance"]) == (201, "98.50")


def test_a_closed_book_takes_nothing(send: Post, shop: Shop) -> None:
    services.book_update(book=shop.book, status="closed")
    reply = send("transfers", single(shop))
    assert (reply.status, reply.code) == (422, "book_closed")


@pytest.mark.parametrize("book", ["no-such-book", str(UUID(int=7)), "", "a b", "\0", "é"])
def test_an_unknown_book(send: Post, shop: Shop, book: str) -> None:
    reply = send("transfers", single(shop) | {"book": book})
    assert (reply.status, reply.code, reply.faults) == (422, "book_not_found", [("#/book", "book_not_found")])


def test_holds_are_made_posted_and_voided(send: Post, shop: Shop) -> None:
    hold = single(shop, "30.00", kind="hold", timeout=3600)
    held = send("transfers", hold)
    assert (held.status, held.json()["status"], held.json()["debit_balance"]) == (201, "held", "100.00")
    assert available(shop.customers[0]) == Decimal("70")
    part = {"book": shop.book.code, "id": str(uuid7()), "kind": "hold_post", "origin": hold["id"], "amount": "10.00"}
    assert send("transfers", part | {"final": False}).json()["debit_balance"] == "90.00"
    void = {"book": shop.book.code, "id": str(uuid7()), "kind": "hold_void", "origin": hold["id"]}
    assert send("transfers", void).json()["status"] == "voided"
    assert available(shop.customers[0]) == Decimal("90")
    late = send("transfers", part | {"id": str(uuid7())})
    assert (late.status, late.code, late.faults) == (422, "hold_resolved", [("#/origin", "hold_resolved")])


def test_who_may_only_post_cannot_resolve_holds(transport: Transport, send: Post, shop: Shop) -> None:
    hold = single(shop, kind="hold")
    send("transfers", hold)
    token = Api(make_user("ledger.post_transfer")).token
    resolve = {"book": shop.book.code, "id": str(uuid7()), "kind": "hold_post", "origin": hold["id"]}
    reply = send("transfers", resolve, Authorization=f"Bearer {token}")
    assert (reply.status, reply.code) == (403, "permission_denied")
    assert send("transfers", single(shop), Authorization=f"Bearer {token}").status == 201


def test_who_may_not_post(send: Post, shop: Shop) -> None:
    inactive = make_user("ledger.post_transfer", is_active=False)
    tokens = {
        f"Bearer {Api(make_user('ledger.view_transfer')).token}": (403, "permission_denied"),
        f"Bearer {Api(inactive).token}": (401, "authentication_failed"),
        "Bearer 0": (401, "authentication_failed"),
        "": (401, "not_authenticated"),
    }
    for token, expected in tokens.items():
        reply = send("transfers", single(shop), Authorization=token)
        assert (reply.status, reply.code) == expected
    assert transfer_count(shop.book) == 2


def test_the_event_names_who_posted(send: Post, shop: Shop, clerk: User) -> None:
    body = single(shop)
    send("transfers", body, **{"X-Request-ID": "request-7"})
    event = Event.objects.get(id=Transfer.objects.get(pk=body["id"]).event_id)
    assert (event.actor_id, event.actor, event.request_id) == (clerk.pk, clerk.username, "request-7")


def test_a_request_has_an_id(send: Post, shop: Shop) -> None:
    reply = send("transfers", single(shop, "0"), **{"X-Request-ID": "request-8"})
    assert reply.headers["X-Request-ID"] == "request-8"
    assert reply.json()["instance"] == "urn:qenex:request:request-8"
