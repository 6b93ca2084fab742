"""Books, assets, limits, the start page, and what holds for every page."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger import services
from ledger.models import Account, Asset, Book, Hold, Journal, RoleLimit, Transfer
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.ledger.admin.conftest import BASE, Staff, errors, event_types, rows, sign_in, text
from tests.support.ledger import Shop, give, hold, post
from tests.support.marked import marked

MODELS = (Account, Asset, Book, Hold, Journal, RoleLimit, Transfer)


@pytest.fixture
def full(shop: Shop) -> Shop:
    """A shop with one of everything."""
    one, two, _ = shop.customers
    services.journal_post(book=shop.book, transfers=[give(one, two, 1)])
    post(shop.book, hold(one, two, 5))
    services.limit_create(account=one, maximum=Decimal(50), asset=shop.asset)
    return shop


def objects(shop: Shop) -> list[Any]:
    """One object of each model."""
    book = shop.book.pk
    return [
        *(shop.book, shop.asset, shop.cash, Transfer.objects.filter(book_id=book)[0]),
        *(Journal.objects.get(book_id=book), Hold.objects.get(book_id=book)),
        RoleLimit.objects.get(account__book_id=book),
    ]


def pages(shop: Shop) -> Iterator[str]:
    """The addresses of all pages of the ledger."""
    for each in objects(shop):
        model = each._meta.model_name
        model_admin: Any = admin.site.get_model_admin(type(each))
        yield reverse(f"admin:ledger_{model}_changelist")
        yield reverse(f"admin:ledger_{model}_change", args=[each.pk])
        if model_admin.add_page:
            yield reverse(f"admin:ledger_{model}_add")
        for command in model_admin.commands:
            yield reverse(f"admin:ledger_{model}_{command}", args=[each.pk])
    yield from (reverse("admin:index"), reverse("admin:ledger_account_tree"), reverse("admin:ledger_trial_balance"))


def test_looking_at_every_page_changes_nothing(boss: Client, full: Shop) -> None:
    before = (event_types(full), LogEntry.objects.count())
    with CaptureQueriesContext(connections["default"]) as captured:
        assert {url: boss.get(url).status_code for url in pages(full)} == dict.fromkeys(pages(full), 200)
    writes = ("INSERT", "UPDATE", "DELETE", "LOCK", "COPY")
    assert [each["sql"] for each in captured.captured_queries if each["sql"].lstrip().startswith(writes)] == []
    assert (event_types(full), LogEntry.objects.count()) == before


def test_no_page_has_anything_that_a_strict_policy_forbids(boss: Client, full: Shop) -> None:
    for url in pages(full):
        content = boss.get(url).content.decode()
        assert " style=" not in content, url
        assert "<style" not in content, url
        assert "javascript:" not in content, url
        assert not [tag for tag in content.split("<script")[1:] if "src=" not in tag.partition(">")[0]], url
        assert not any(f" on{event}=" in content for event in ("click", "change", "submit", "load", "input")), url


def test_strangers_and_clients_are_sent_to_sign_in(full: Shop) -> None:
    for client in (Client(), sign_in(make_user())):
        for url in pages(full):
            response = client.get(url)
            assert (response.status_code, response["Location"].split("?")[0]) == (302, "/admin/login/"), url


def test_staff_without_permissions_see_nothing(full: Shop, staff: Staff) -> None:
    client = staff()
    index = reverse("admin:index")
    assert {client.get(url).status_code for url in pages(full) if url != index} == {403}
    assert full.book.code not in client.get(index).content.decode()


def test_every_command_needs_the_form_of_its_page(full: Shop) -> None:
    client = sign_in(make_user(is_staff=True, is_superuser=True), enforce_csrf_checks=True)
    before = event_types(full)
    for url in pages(full):
        if not url.endswith("/change/"):
            assert client.post(url, {"reason": "x"}).status_code in (403, 405), url
    assert event_types(full) == before


def test_nothing_is_deleted_or_edited_through_djangos_own_forms(boss: Client, full: Shop) -> None:
    for each in objects(full):
        model = each._meta.model_name
        assert boss.post(reverse(f"admin:ledger_{model}_delete", args=[each.pk]), {"post": "yes"}).status_code == 403
        assert boss.post(reverse(f"admin:ledger_{model}_change", args=[each.pk]), {"name": "x"}).status_code == 403
        assert type(each).objects.filter(pk=each.pk).exists()


@pytest.mark.parametrize("id", ["01900000-0000-7000-8000-000000000000", "nonsense", "1"])
def test_what_is_not_there_is_said(boss: Client, database: None, id: str) -> None:
    for model in MODELS:
        response = boss.get(f"{BASE}/{model._meta.model_name}/{id}/change/")
        assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_a_command_on_what_is_not_there_is_not_found(boss: Client, database: None) -> None:
    assert boss.get(f"{BASE}/account/{uuid4()}/freeze/").status_code == 404
    assert boss.post(f"{BASE}/hold/{uuid4()}/void/", {"reason": "x"}).status_code == 404


# --- the start page


def test_the_start_page_says_where_each_book_stands(boss: Client, full: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.templatetags.ledger_pages.SHOWN", 100_000)
    content = boss.get("/admin/").content.decode()
    last = Transfer.objects.filter(book_id=full.book.pk).latest("posted_at").posted_at
    row = text(content[content.index(f">{full.book.code}<") - 1 :].partition("</tr>")[0].partition(">")[2])
    ways = "Chart of accounts Transfers Journals Trial balance Add journal"
    assert row == f"{full.book.code} A book of one test open 4 1 {last:%Y-%m-%d %H:%M:%S} {ways}"


def test_the_start_page_asks_two_questions_of_the_ledger(boss: Client, full: Shop) -> None:
    with CaptureQueriesContext(connections["reader"]) as captured:
        boss.get("/admin/")
    asked = [each["sql"] for each in captured.captured_queries]
    assert len([sql for sql in asked if "ledger_" in sql]) == 2
    assert len(asked) == 4, "every page asks for alarms and for one's own keys"


def test_the_start_page_without_books_says_what_to_do(
    boss: Client, database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.templatetags.ledger_pages.Book", _NoBooks)
    content = text(boss.get("/admin/").content.decode())
    assert "No book yet. Make the first one , or fill QENEX with sample data: python manage.py demo" in content


class _NoBooks:
    class objects:  # noqa: N801  # stands for a manager
        @staticmethod
        def using(alias: str) -> Any:
            return Book.objects.none()


# --- books


def test_a_book_is_opened_renamed_closed_and_opened_again(boss: Client, database: None) -> None:
    code = f"b-{uuid4().hex}"
    response = boss.post(f"{BASE}/book/add/", {"code": code, "name": "New"})
    book = Book.objects.get(code=code)
    url = f"{BASE}/book/{book.pk}"
    assert response["Location"] == f"{url}/change/"
    boss.post(f"{url}/rename/", {"name": "Newer", "reason": "Better"})
    boss.post(f"{url}/close/", {"reason": "Year's end"})
    book.refresh_from_db()
    assert (book.name, book.status) == ("Newer", "closed")
    boss.post(f"{url}/open/", {"reason": "A late receipt"})
    book.refresh_from_db()
    assert (book.status, book.version) == ("open", 4)
    events = Event.objects.filter(book_id=book.pk).order_by("recorded_at", "id")
    assert [event.type for event in events] == ["ledger.book.created", *["ledger.book.updated"] * 3]
    assert [
        b'"reason":"' + reason in bytes(event.body)
        for event, reason in zip(events, (b"", b"Better", b"Year's end", b"A late receipt"), strict=True)
    ] == [True] * 4


def test_a_book_whose_code_is_taken_is_not_opened(boss: Client, shop: Shop) -> None:
    response = boss.post(f"{BASE}/book/add/", {"code": shop.book.code, "name": "Again"})
    assert errors(response) == [f"The code '{shop.book.code}' is taken by another book"]
    assert errors(boss.post(f"{BASE}/book/add/", {"code": "a b", "name": "x"})) == [
        "Letters, digits, dots, dashes and underscores only."
    ]


def test_books_are_listed_with_their_numbers(boss: Client, full: Shop) -> None:
    listed = {row[0]: row[1:5] for row in _all_rows(boss, f"{BASE}/book/")}
    assert listed[full.book.code] == ["A book of one test", "open", "4", "1"]


def _all_rows(client: Client, url: str) -> list[list[str]]:
    found: list[list[str]] = []
    response = client.get(url)
    while True:
        found += rows(response)
        link = response.content.decode().partition('" rel="next"')
        if not link[1]:
            return found
        response = client.get(url + link[0].rpartition('href="')[2].replace("&amp;", "&"))


def test_who_may_only_look_cannot_close_a_book(shop: Shop, staff: Staff) -> None:
    client = staff("view_book")
    for command in ("rename", "close", "open"):
        assert client.post(f"{BASE}/book/{shop.book.pk}/{command}/", {"name": "x", "reason": "x"}).status_code == 403
    assert Book.objects.get(pk=shop.book.pk).version == 1


# --- assets and limits


def test_an_asset_is_added(boss: Client, database: None) -> None:
    code = f"X{uuid4().hex[:10]}"
    fields = {"code": code, "name": "Points", "kind": "token", "places": "6"}
    response = boss.post(f"{BASE}/asset/add/", fields)
    asset = Asset.objects.get(code=code)
    assert response["Location"] == f"{BASE}/asset/{asset.pk}/change/"
    assert (asset.name, asset.kind, asset.places) == ("Points", "token", 6)
    assert errors(boss.post(f"{BASE}/asset/add/", fields)) == [f"The code '{code}' is taken by another asset"]
    assert errors(boss.post(f"{BASE}/asset/add/", fields | {"places": "19"})) == [
        "Ensure this value is less than or equal to 18."
    ]


def test_a_limit_of_an_account_is_set_and_removed(boss: Client, shop: Shop) -> None:
    fields = {"book": shop.book.code, "account": "customer-0", "maximum": "1,000", "verdict": "hold", "reason": "New"}
    response = boss.post(f"{BASE}/rolelimit/add/", fields)
    limit = RoleLimit.objects.get(account=shop.customers[0])
    assert response["Location"] == f"{BASE}/rolelimit/{limit.pk}/change/"
    assert (limit.maximum, limit.verdict, limit.role_id, limit.asset_id) == (Decimal(1000), "hold", None, None)
    boss.post(f"{BASE}/rolelimit/{limit.pk}/remove/", {"reason": "Old"})
    assert not RoleLimit.objects.filter(pk=limit.pk).exists()
    events = Event.objects.filter(subject_type="limit", subject_id=str(limit.pk)).order_by("recorded_at", "id")
    assert [event.type for event in events] == ["ledger.limit.created", "ledger.limit.deleted"]


def test_a_limit_of_a_role_is_set(boss: Client, shop: Shop) -> None:
    with marked():
        role = Group.objects.create(name=f"role {uuid4().hex}")
    fields = {"role": str(role.pk), "asset": shop.asset.code, "maximum": "5", "verdict": "refuse", "reason": "x"}
    assert boss.post(f"{BASE}/rolelimit/add/", fields).status_code == 302
    assert RoleLimit.objects.get(role=role).asset == shop.asset


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["Choose either a role or an account."]),
        ({"account": "nobody"}, ["The book has no account of this code."]),
        ({"account": "customer-0", "maximum": ""}, ["This field is required."]),
    ],
)
def test_a_limit_that_makes_no_sense_says_why(
    boss: Client, shop: Shop, fields: dict[str, str], expected: list[str]
) -> None:
    sent = {"book": shop.book.code, "maximum": "5", "verdict": "hold", "reason": "x"}
    assert errors(boss.post(f"{BASE}/rolelimit/add/", sent | fields)) == expected
    assert not RoleLimit.objects.filter(account__book=shop.book).exists()


def test_limits_need_their_own_permissions(shop: Shop, staff: Staff) -> None:
    limit = services.limit_create(account=shop.customers[0], maximum=Decimal(5))
    client = staff("view_rolelimit", "add_account")
    assert client.get(f"{BASE}/rolelimit/add/").status_code == 403
    assert client.post(f"{BASE}/rolelimit/{limit.pk}/remove/", {"reason": "x"}).status_code == 403
    assert RoleLimit.objects.filter(pk=limit.pk).exists()


def test_the_actor_of_an_event_is_who_signed_in(boss: Client, shop: Shop) -> None:
    user = User.objects.get(pk=boss.session["_auth_user_id"])
    boss.post(f"{BASE}/book/{shop.book.pk}/close/", {"reason": "x"})
    event = Event.objects.filter(book_id=shop.book.pk, type="ledger.book.updated").get()
    assert (event.actor_id, event.actor) == (user.pk, user.username)
