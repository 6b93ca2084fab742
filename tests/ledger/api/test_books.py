"""Books and assets through the API."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from ledger.models import Asset, Book
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.ledger.api.conftest import Api
from tests.support.ledger import make_asset, make_book


def name() -> str:
    return f"n-{uuid7().hex}"


def test_a_book_is_opened(api: Api) -> None:
    code = name()
    reply = api.post("books", {"code": code, "name": "Ours", "metadata": {"a": 1}})
    assert reply.status == 201
    book = Book.objects.get(code=code)
    assert reply.json() == {
        "id": str(book.pk),
        "code": code,
        "name": "Ours",
        "status": "open",
        "metadata": {"a": 1},
        "version": 1,
        "created_at": book.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    assert api.get(f"books/{code}").json() == api.get(f"books/{book.pk}").json() == reply.json()


def test_a_repeated_request_opens_nothing(api: Api) -> None:
    body, key = {"code": name(), "name": "Ours"}, name()
    first, again = api.post("books", body, key), api.post("books", body, key)
    assert (first.status, first.body) == (again.status, again.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = api.post("books", body | {"name": "Other"}, key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_key_is_required(api: Api) -> None:
    reply = api.send("POST", "books", {"code": name(), "name": "Ours"})
    assert (reply.status, reply.code) == (400, "idempotency_key_required")


def test_a_code_is_taken_once(api: Api) -> None:
    body = {"code": name(), "name": "Ours"}
    api.post("books", body)
    reply = api.post("books", body)
    assert (reply.status, reply.code) == (409, "conflict")


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"code": "a b"}, ("#/code", "invalid")),
        ({"code": 5}, ("#/code", "invalid")),
        ({"code": ""}, ("#/code", "blank")),
        ({"name": "x" * 201}, ("#/name", "max_length")),
        ({"metadata": []}, ("#/metadata", "not_a_dict")),
        ({"status": "closed"}, ("#/status", "unknown_field")),
    ],
)
def test_malformed_books(api: Api, wrong: dict[str, Any], fault: tuple[str, str]) -> None:
    reply = api.post("books", {"code": name(), "name": "Ours"} | wrong)
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [fault])


def test_a_book_is_changed_by_who_has_seen_it(api: Api) -> None:
    book = make_book()
    tag = api.get(f"books/{book.code}").headers["ETag"]
    reply = api.patch(f"books/{book.code}", {"status": "closed", "name": "Shut"}, tag)
    assert (reply.status, reply.json()["status"], reply.json()["version"]) == (200, "closed", 2)
    stale = api.patch(f"books/{book.pk}", {"status": "open"}, tag)
    assert (stale.status, stale.code) == (412, "precondition_failed")
    blind = api.patch(f"books/{book.pk}", {"status": "open"})
    assert (blind.status, blind.code) == (428, "precondition_required")
    assert api.patch(f"books/{book.pk}", {"name": "New"}, reply.headers["ETag"]).json()["name"] == "New"
    assert Event.objects.filter(book_id=book.pk, type="ledger.book.updated").count() == 2


def test_a_malformed_change_is_told_before_a_stale_one(api: Api) -> None:
    reply = api.patch(f"books/{make_book().code}", {"status": "shut"}, '"old.1"')
    assert (reply.status, reply.code, reply.faults) == (400, "invalid", [("#/status", "invalid_choice")])


def test_a_book_that_is_known_is_not_sent_again(api: Api) -> None:
    book = make_book()
    first = api.get(f"books/{book.code}")
    assert api.get(f"books/{book.code}", headers={"If-None-Match": first.headers["ETag"]}).status == 304


@pytest.mark.parametrize("ref", ["none-such", str(UUID(int=7)), "a%00b", "é", "a%20b"])
@pytest.mark.parametrize("what", ["books", "assets"])
def test_what_is_not_there(api: Api, what: str, ref: str) -> None:
    reply = api.get(f"{what}/{ref}")
    assert (reply.status, reply.code) == (404, "not_found")


def test_books_are_found(api: Api) -> None:
    book = make_book()
    assert [each["id"] for each in api.get("books", {"code": book.code}).json()["results"]] == [str(book.pk)]
    assert api.get("books", {"code": book.code, "status": "closed"}).json()["results"] == []
    unknown = api.get("books", {"colour": "red"})
    assert (unknown.status, unknown.faults) == (400, [("colour", "unknown_parameter")])


def test_an_asset_is_added(api: Api) -> None:
    code = f"T{uuid7().hex[:20]}"
    reply = api.post("assets", {"code": code, "kind": "token", "places": 18})
    assert reply.status == 201
    asset = Asset.objects.get(code=code)
    assert reply.json() == {
        "id": str(asset.pk),
        "code": code,
        "name": code,
        "kind": "token",
        "places": 18,
        "created_at": asset.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    assert api.get(f"assets/{code}").json() == api.get(f"assets/{asset.pk}").json() == reply.json()
    assert [each["code"] for each in api.get("assets", {"code": code}).json()["results"]] == [code]


@pytest.mark.parametrize("places", [-1, 19, "2", 2.0, None, True])
def test_an_asset_has_up_to_eighteen_places(api: Api, places: Any) -> None:
    body = f'{{"code": "{name()[:30]}", "places": {str(places).lower() if places is not None else "null"}}}'
    reply = api.post("assets", body if not isinstance(places, str) else body.replace("2", '"2"'))
    assert (reply.status, reply.code in ("invalid", "malformed")) == (400, True)


@pytest.mark.parametrize("path", ["books", "assets"])
def test_a_list_is_one_query_of_the_reader(api: Api, path: str) -> None:
    for _ in range(2):
        make_book(), make_asset()
    with CaptureQueriesContext(connections["reader"]) as read:
        assert len(api.get(path, {"limit": 2}).json()["results"]) == 2
    assert len(read) == 1
    assert "COUNT(" not in read[0]["sql"]
