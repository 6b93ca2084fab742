"""Many transfers at once, over every transport."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from ledger import services
from qenex.kernel.ids import uuid7
from tests.kernel.conftest import make_user
from tests.ledger.api.conftest import Api, Body, Post, transfer
from tests.support.ledger import Shop, posted, transfer_count

NDJSON = "application/x-ndjson"


def batch(shop: Shop, *transfers: Body, **fields: Any) -> Body:
    return {"book": shop.book.code, "transfers": list(transfers), **fields}


def lines(*transfers: Body) -> bytes:
    return "\n".join(json.dumps(each) for each in transfers).encode()


def codes(results: list[Body]) -> list[str | None]:
    return [each["code"] for each in results]


def test_each_transfer_has_its_own_result(send: Post, shop: Shop) -> None:
    good, dear, wrong = transfer(shop), transfer(shop, "100.00"), transfer(shop, "0.001")
    reply = send("transfers/batch", batch(shop, good, dear, wrong))
    assert reply.status == 200
    answer = reply.json()
    assert (answer["posted"], answer["refused"]) == (1, 2)
    assert [each["id"] for each in answer["results"]] == [good["id"], dear["id"], wrong["id"]]
    assert codes(answer["results"]) == [None, "insufficient_funds", "amount_precision"]
    assert answer["results"][0]["debit_balance"] == "99.00"
    assert answer["results"][1] == {
        "id": dear["id"],
        "status": "refused",
        "code": "insufficient_funds",
        "detail": "The available balance would fall below the account's floor.",
        "posted_at": None,
        "value_date": None,
        "debit_balance": None,
        "credit_balance": None,
        "replayed": False,
    }


def test_the_order_is_the_meaning(send: Post, shop: Shop) -> None:
    one, other = (str(each.pk) for each in shop.customers)
    bring = transfer(shop, "100.00")
    spend = transfer(shop, "200.00", debit_account=other, credit_account=one)
    assert codes(send("transfers/batch", batch(shop, spend, bring)).json()["results"]) == ["insufficient_funds", None]
    again = spend | {"id": str(uuid7())}
    assert codes(send("transfers/batch", batch(shop, again)).json()["results"]) == [None]


def test_a_batch_again_gets_the_first_answers(send: Post, shop: Shop) -> None:
    body = batch(shop, transfer(shop), transfer(shop, "2.00"))
    first = send("transfers/batch", body).json()
    again = send("transfers/batch", body).json()
    assert [each["replayed"] for each in again["results"]] == [True, True]
    assert [each | {"replayed": False} for each in again["results"]] == first["results"]
    changed = batch(shop, body["transfers"][0] | {"code": 9}, transfer(shop))
    assert codes(send("transfers/batch", changed).json()["results"]) == ["id_reused", None]


def test_an_id_twice_in_a_batch(send: Post, shop: Shop) -> None:
    one = transfer(shop)
    results = send("transfers/batch", batch(shop, one, one, one | {"amount": "2.00"})).json()["results"]
    assert codes(results) == [None, None, "id_reused"]
    assert [each["replayed"] for each in results] == [False, True, False]


def test_linked_transfers_fall_together(send: Post, shop: Shop) -> None:
    body = batch(shop, transfer(shop), transfer(shop, "0.001"), transfer(shop), transfer(shop, "500"), linked=True)
    reply = send("transfers/batch", body)
    assert (reply.status, reply.code) == (422, "linked_failed")
    assert reply.faults == [
        ("#/transfers/1/amount", "amount_precision"),
        ("#/transfers/3", "insufficient_funds"),
    ]
    assert reply.json()["detail"] == "Nothing was posted: 2 of 4 transfers were refused."
    assert transfer_count(shop.book) == 2


def test_linked_transfers_stand_together(send: Post, shop: Shop) -> None:
    body = batch(shop, transfer(shop), transfer(shop), linked=True)
    assert send("transfers/batch", body).json()["posted"] == 2
    again = send("transfers/batch", body).json()
    assert [each["replayed"] for each in again["results"]] == [True, True]
    assert posted(shop.customers[0]) == Decimal(98)


def test_lines(send: Post, shop: Shop) -> None:
    body = lines(transfer(shop), transfer(shop, "500")) + b"\r\n\n" + lines(transfer(shop)) + b"\n"
    answer = send(f"transfers/batch?book={shop.book.code}", body, NDJSON).json()
    assert codes(answer["results"]) == [None, "insufficient_funds", None]


def test_linked_lines(send: Post, shop: Shop) -> None:
    path = f"transfers/batch?book={shop.book.pk}&linked=true"
    reply = send(path, lines(transfer(shop), transfer(shop, "500")), NDJSON)
    assert (reply.status, reply.code, reply.faults) == (422, "linked_failed", [("#/1", "insufficient_funds")])
    assert send(path, lines(transfer(shop), transfer(shop)), NDJSON).json()["posted"] == 2


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("", "book", "required"),
        ("?book=", "book", "required"),
        ("?book={book}&linked=yes", "linked", "invalid"),
        ("?book={book}&book={book}", "book", "invalid"),
        ("?book={book}&link=true", "link", "unknown_parameter"),
    ],
)
def test_the_query_of_lines(send: Post, shop: Shop, query: str, parameter: str, code: str) -> None:
    reply = send(f"transfers/batch{query.format(book=shop.book.code)}", lines(transfer(shop)), NDJSON)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [(parameter, code)])


def test_a_json_batch_says_all_in_its_body(send: Post, shop: Shop) -> None:
    reply = send("transfers/batch?linked=true", batch(shop, transfer(shop)))
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [("linked", "unknown_parameter")])


@pytest.mark.parametrize("spoil", [b",", b"{}", b"]", b' {"id"'])
def test_malformed_lines(send: Post, shop: Shop, spoil: bytes) -> None:
    body = lines(transfer(shop), transfer(shop)) + spoil
    reply = send(f"transfers/batch?book={shop.book.code}", body, NDJSON)
    assert (reply.status, reply.code) == (400, "malformed")
    assert reply.json()["detail"].startswith("Object 1: ")
    assert transfer_count(shop.book) == 2


def test_a_line_is_an_object(send: Post, shop: Shop) -> None:
    reply = send(f"transfers/batch?book={shop.book.code}", lines(transfer(shop)) + b"\n[]", NDJSON)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [("#/1", "invalid")])


def test_every_mistaken_transfer_is_pointed_to(send: Post, shop: Shop) -> None:
    body = batch(shop, transfer(shop, "-1"), transfer(shop), transfer(shop, None), transfer(shop, final=True))
    reply = send("transfers/batch", body)
    assert (reply.status, reply.code) == (400, "invalid")
    assert reply.faults == [
        ("#/transfers/0/amount", "format"),
        ("#/transfers/2/amount", "required"),
        ("#/transfers/3/final", "not_applicable"),
    ]
    assert transfer_count(shop.book) == 2


def test_mistakes_in_lines_are_pointed_to(send: Post, shop: Shop) -> None:
    body = lines(transfer(shop), transfer(shop, "1e3"))
    reply = send(f"transfers/batch?book={shop.book.code}", body, NDJSON)
    assert (reply.status, reply.faults) == (400, [("#/1/amount", "format")])
    unknown = send(f"transfers/batch?book={shop.book.code}", lines(transfer(shop), transfer(shop, odd=1)), NDJSON)
    assert (unknown.status, unknown.faults) == (400, [("#/1/odd", "unknown_field")])


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"odd": 1}, ("#/odd", "unknown_field")),
        ({"transfers": []}, ("#/transfers", "empty")),
        ({"transfers": {}}, ("#/transfers", "invalid")),
        ({"transfers": [5]}, ("#/transfers/0", "invalid")),
        ({"linked": "yes"}, ("#/linked", "invalid")),
        ({"book": None}, ("#/book", "null")),
    ],
)
def test_the_batch_itself(send: Post, shop: Shop, wrong: Body, fault: tuple[str, str]) -> None:
    reply = send("transfers/batch", batch(shop, transfer(shop)) | wrong)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [fault])


def test_a_batch_has_a_size(send: Post, shop: Shop) -> None:
    body = batch(shop, transfer(shop), transfer(shop), transfer(shop))
    with override_settings(LEDGER_BATCH_MAX=2):
        reply = send("transfers/batch", body)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [("#/transfers", "max_length")])


def test_a_body_has_a_size(send: Post, shop: Shop) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=500):
        reply = send("transfers/batch", batch(shop, *[transfer(shop)] * 5))
    assert (reply.status, reply.code) == (413, "too_large")


def test_a_key_twice_in_one_of_many(send: Post, shop: Shop) -> None:
    body = json.dumps(batch(shop, transfer(shop), transfer(shop), transfer(shop)))
    doubled = body.replace('"amount": "1.00"', '"amount": "1.00", "amount": "9.00"', 1).encode()
    for raw in (doubled, doubled.replace(b'": ', b'":')):
        reply = send("transfers/batch", raw)
        assert (reply.status, reply.code) == (400, "malformed")
        assert reply.json()["detail"] == "The key 'amount' is given twice in one object."


def test_a_hold_may_be_posted_in_the_batch_that_made_it(send: Post, shop: Shop) -> None:
    hold = transfer(shop, "10.00", kind="hold")
    post = {"id": str(uuid7()), "kind": "hold_post", "origin": hold["id"]}
    results = send("transfers/batch", batch(shop, hold, post)).json()["results"]
    assert [(each["status"], each["code"]) for each in results] == [("held", None), ("posted", None)]


def test_who_may_only_post_cannot_resolve_holds(send: Post, shop: Shop) -> None:
    hold = transfer(shop, "10.00", kind="hold")
    body = batch(shop, hold, {"id": str(uuid7()), "kind": "hold_void", "origin": hold["id"]})
    token = Api(make_user("ledger.post_transfer")).token
    reply = send("transfers/batch", body, Authorization=f"Bearer {token}")
    assert (reply.status, reply.code) == (403, "permission_denied")
    assert transfer_count(shop.book) == 2


def test_an_unknown_book(send: Post, shop: Shop) -> None:
    reply = send("transfers/batch", batch(shop, transfer(shop)) | {"book": "no-such-book"})
    assert (reply.status, reply.code, reply.faults) == (422, "book_not_found", [("#/book", "book_not_found")])


def test_a_frozen_account_refuses_its_own_transfers_only(send: Post, shop: Shop) -> None:
    services.account_update(account=shop.cash, status="frozen")
    results = send(
        "transfers/batch", batch(shop, transfer(shop, debit_account=str(shop.cash.pk)), transfer(shop))
    ).json()["results"]
    assert codes(results) == ["account_frozen", None]


def test_ten_thousand_transfers(send: Post, shop: Shop) -> None:
    reply = send("transfers/batch", batch(shop, *[transfer(shop, "0.01") for _ in range(10_000)]))
    answer = reply.json()
    assert (reply.status, answer["posted"], answer["refused"]) == (200, 10_000, 0)
    assert posted(shop.customers[0]) == 0
