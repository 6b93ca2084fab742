"""Somebody who reaches one book asks for everything of another: nothing of it is there, by any address."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from ledger.models import Account, Hold, Journal, RoleLimit, Transfer
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.access.walk.addresses import ACTION, Address, addresses
from tests.access.walk.asking import Walker
from tests.access.walk.world import Nowhere, World, model_of
from tests.support.people import make_user, staff_client

OF_BOOKS = {f"ledger.{name}" for name in ("book", "account", "transfer", "journal", "hold", "rolelimit")}
OF_BOOKS |= {"kernel.event", "access.approval"}
NARROWED: dict[str, dict[str, Any]] = {"operations": {"roles": ("operations",)}, "everything": {"superuser": True}}


class Worlds(NamedTuple):
    """The book that is in reach, and the one that is not."""

    mine: World
    other: World


@pytest.fixture(scope="module")
def worlds(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Worlds]:
    """Two books with one of everything."""
    with django_db_blocker.unblock():
        yield Worlds(World(), World())


@pytest.fixture(params=NARROWED)
def walker(request: pytest.FixtureRequest, database: None, worlds: Worlds) -> Walker:
    """Somebody who reaches the first book: by a role, and by every permission there is."""
    kind = NARROWED[request.param]
    return Walker(make_user(books=(worlds.mine.book.pk,), **kind))


@pytest.fixture
def client(walker: Walker) -> Client:
    """His browser."""
    return walker.client


def about(address: Address) -> bool:
    """Whether the address is about an object of a book."""
    nameless = address.route.endswith("/<path:object_id>/")  # it leads to the object's page and looks nothing up
    return bool(address.names) and model_of(address) in OF_BOOKS and not nameless


def marks(world: World) -> set[str]:
    """What gives the book away: the ids of all that is in it, its code, and a text of one of its journals."""
    book = world.book.pk
    ids = {
        id
        for model in (Account, Transfer, Hold, Journal)
        for id in model.objects.filter(book_id=book).values_list("pk", flat=True)
    }
    ids |= set(RoleLimit.objects.filter(account__book_id=book).values_list("pk", flat=True))
    ids |= set(Event.objects.filter(book_id=book).values_list("pk", flat=True))
    return {str(id) for id in ids} | {world.book.code, str(book), f"ref-{world.shop.customers[0].pk}"}


def state(world: World) -> list[Any]:
    """What must stay as it is."""
    book = world.book.pk
    return [
        list(Account.objects.filter(book=book).order_by("pk").values_list("pk", "version", "balance__debits_posted")),
        *(model.objects.filter(book_id=book).count() for model in (Transfer, Hold, Journal, Event)),
        RoleLimit.objects.filter(account__book=book).count(),
        list(Hold.objects.filter(book_id=book).values_list("status", flat=True)),
    ]


def body(answer: Any) -> str:
    """All that was answered."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace") + repr(dict(answer.items())))


def test_there_is_something_to_be_asked_for(database: None, worlds: Worlds) -> None:
    whole = Walker(make_user(superuser=True))
    asked = [address for address in addresses() if about(address) and not address.writes]
    shown = {address for address in asked if whole.ask(address, worlds.other).status_code in (200, 302)}
    assert len(asked) > 40
    assert {address.route for address in asked if address not in shown} == {
        *(f"admin/ledger/{name}/<path:object_id>/delete/" for name in ("book", "account", "transfer", "journal")),
        *("admin/ledger/hold/<path:object_id>/delete/", "admin/ledger/rolelimit/<path:object_id>/delete/"),
        *("admin/kernel/event/<path:object_id>/delete/", "admin/access/approval/<path:object_id>/delete/"),
        "admin/access/approval/<uuid:object_id>/withdraw/",  # it is for whoever asked for it alone
        *(f"api/v1/{each}/<uuid:pk>/receipt" for each in ("events", "transfers")),  # nobody seals here: not yet
    }


def test_no_object_of_the_other_book_is_there(walker: Walker, worlds: Worlds) -> None:
    before = state(worlds.other)
    for address in (address for address in addresses() if about(address)):
        answer, made_up = walker.ask(address, worlds.other), walker.ask(address, Nowhere())
        # 302 is Django's word for an object that is not there; 400 what comes before anybody looks for it.
        assert (answer.status_code, answer.get("Location")) == (made_up.status_code, made_up.get("Location")), address
        assert answer.status_code in (400, 403, 404, 405, 428) or answer["Location"] == "/admin/", address
        if answer.status_code == 403:  # then it is the role, and not the book
            assert walker.ask(address, worlds.mine).status_code == 403, address
    assert state(worlds.other) == before


def test_nothing_of_the_other_book_is_in_any_list(walker: Walker, worlds: Worlds) -> None:
    secret = marks(worlds.other)
    named = {worlds.other.book.code, str(worlds.other.book.pk)}
    lists = [each for each in addresses() if each.method == "GET" and not about(each) and "object_id" not in each.names]
    for address in lists:
        shown = body(walker.ask(address, worlds.mine))
        assert [mark for mark in secret if mark in shown] == [], address
        for book in named:
            asked = body(walker.ask(address, worlds.mine, f"?book={book}&format=csv&q=c"))
            assert [mark for mark in secret - named if mark in asked] == [], address


Make = Callable[[World, World], dict[str, Any]]
COMMANDS: dict[str, tuple[str, str, Make, set[int]]] = {
    "a transfer": ("POST", "transfers", lambda mine, other: {"book": other.book.code, **_pay(other)}, {422}),
    "its accounts": ("POST", "transfers", lambda mine, other: {"book": mine.book.code, **_pay(other)}, {422}),
    "a batch": ("POST", "transfers/batch", lambda mine, other: _many(other), {422}),
    "a journal": ("POST", "journals", lambda mine, other: _many(other), {422}),
    "an exchange": ("POST", "exchanges", lambda mine, other: _exchange(other), {403, 422}),
    "an account": ("POST", "accounts", lambda mine, other: _account(other), {422}),
    "a limit": ("POST", "limits", lambda mine, other: {"account": _id(other), "maximum": "1"}, {403, 422}),
    "a role's limit": ("POST", "limits", lambda mine, other: {"role": "teller", "maximum": "1"}, {403}),
    "a book": ("POST", "books", lambda mine, other: {"code": f"b-{uuid7().hex}", "name": "New"}, {403}),
    "a name": ("PATCH", "accounts/{account}", lambda mine, other: {"name": "Mine"}, {404}),
    "a status": ("PATCH", "books/{book}", lambda mine, other: {"name": "Mine"}, {403, 404}),
    "a hold's post": ("POST", "holds/{hold}/post", lambda mine, other: {}, {404}),
    "a hold's void": ("POST", "holds/{hold}/void", lambda mine, other: {}, {404}),
    "a reversal": ("POST", "journals/{journal}/reverse", lambda mine, other: {"reason": "x"}, {404}),
    "a limit's end": ("DELETE", "limits/{rolelimit}", lambda mine, other: {}, {403, 404}),
}
"""Commands that would be carried out if the book were in reach."""


@pytest.mark.parametrize("what", COMMANDS)
def test_no_command_of_the_api_touches_the_other_book(client: Client, worlds: Worlds, what: str) -> None:
    method, path, make, statuses = COMMANDS[what]
    before = state(worlds.other)
    objects = {name.partition(".")[2]: id for name, id in worlds.other.made.items()}
    headers = {"Idempotency-Key": uuid7().hex, "If-Match": "*"}
    given = make(worlds.mine, worlds.other)
    url = f"/api/v1/{path.format(**objects)}"
    answer = client.generic(method, url, _json(given), "application/json", headers=headers)
    assert answer.status_code in statuses, answer.content
    assert state(worlds.other) == before


def test_no_form_takes_the_other_book(client: Client, worlds: Worlds) -> None:
    before = state(worlds.other)
    asset = worlds.other.shop.asset.code
    account = {"book": worlds.other.book.code, "code": "new", "type": "asset", "asset": asset}
    answer = client.post("/admin/ledger/account/add/", account)
    assert "Select a valid choice" in answer.content.decode()
    lines = {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"}
    answer = client.post("/admin/ledger/journal/add/", {"book": worlds.other.book.code, "id": str(uuid7()), **lines})
    assert "Select a valid choice" in answer.content.decode()
    assert state(worlds.other) == before


def test_the_same_commands_go_through_in_ones_own_book(client: Client, worlds: Worlds) -> None:
    given = {"book": worlds.mine.book.code, **_pay(worlds.mine)}
    answer = client.generic("POST", "/api/v1/transfers", _json(given), "application/json")
    assert (answer.status_code, answer.json()["status"]) == (201, "posted")


def test_a_page_asks_once_for_the_books_in_reach(database: None, worlds: Worlds) -> None:
    client = staff_client(make_user(roles=("operations",), books=(worlds.mine.book.pk,)))
    for path in ("/admin/", "/admin/ledger/account/", "/admin/ledger/journal/add/", "/api/v1/accounts"):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        asked = [query["sql"] for query in captured.captured_queries if "access_bookscope" in query["sql"]]
        assert len(asked) == 1, path


def test_no_action_of_a_list_is_about_books() -> None:
    assert [each.route for each in addresses() if each.method == ACTION and model_of(each) in OF_BOOKS] == []


def _pay(world: World) -> dict[str, Any]:
    one, two, _ = world.shop.customers
    return {"id": str(uuid7()), "debit_account": str(one.pk), "credit_account": str(two.pk), "amount": "1.00"}


def _many(world: World) -> dict[str, Any]:
    return {"book": str(world.book.pk), "transfers": [_pay(world)]}


def _id(world: World) -> str:
    return str(world.shop.customers[0].pk)


def _account(world: World) -> dict[str, Any]:
    return {"book": world.book.code, "code": "new", "type": "asset", "asset": world.shop.asset.code}


def _exchange(world: World) -> dict[str, Any]:
    places = ("sold_from", "sold_position", "bought_position", "bought_to")
    return {**dict.fromkeys(places, _id(world)), "sold": "1", "bought": "1"}


def _json(given: dict[str, Any]) -> bytes:
    return json.dumps(given).encode()
