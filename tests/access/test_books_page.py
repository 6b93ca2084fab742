"""The page on which administrators say which books somebody reaches."""

import json

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from qenex.access import scopes
from qenex.access.admin.scopes import BookScopeInline
from qenex.kernel.context import Context, acting
from qenex.kernel.models import Event
from tests.support.ledger import make_book
from tests.support.people import make_user, staff_client


@pytest.fixture
def clerk(database: None) -> User:
    """Somebody whose books are to be set."""
    return make_user(roles=("operations",))


@pytest.fixture
def administrator(database: None) -> Client:
    """An administrator's browser."""
    return staff_client(make_user(roles=("administrator",)))


def page(user: User) -> str:
    """The address."""
    return f"/admin/auth/user/{user.pk}/books/"


def test_an_administrator_narrows_and_widens_and_the_reason_is_kept(administrator: Client, clerk: User) -> None:
    book = make_book()
    assert book.code in administrator.get(page(clerk)).content.decode()
    answer = administrator.post(page(clerk), {"reach": "some", "books": [str(book.pk)], "reason": "Joins the branch"})
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/auth/user/{clerk.pk}/change/")
    assert scopes.books_of(clerk) == frozenset({book.pk})
    [event] = Event.objects.filter(type="access.scope.changed", subject_id=clerk.pk)
    said = json.loads(bytes(event.body))
    assert said["reason"] == "Joins the branch"
    assert said["changes"]["books"] == {"before": None, "after": [str(book.pk)]}
    shown = administrator.get(page(clerk)).content.decode()
    assert 'value="some" required id="id_reach_1" checked' in shown
    administrator.post(page(clerk), {"reach": "every", "reason": "Helps out"})
    assert scopes.books_of(clerk) is None


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"reach": "some", "reason": "x"}, "Choose at least one book"),
        ({"reach": "some", "books": ["00000000-0000-0000-0000-000000000007"], "reason": "x"}, "Select a valid choice"),
        ({"reach": "every"}, "This field is required"),
    ],
)
def test_what_is_not_in_order_changes_nothing(
    administrator: Client, clerk: User, given: dict[str, str], error: str
) -> None:
    book = make_book()
    scopes.scope_set(user=clerk, books=[book.pk])
    answer = administrator.post(page(clerk), given)
    assert (answer.status_code, error in answer.content.decode()) == (200, True)
    assert scopes.books_of(clerk) == frozenset({book.pk})


@pytest.mark.parametrize("role", ["operations", "treasurer", "auditor"])
def test_nobody_else_may(clerk: User, role: str) -> None:
    client = staff_client(make_user(roles=(role,)))
    answers = [client.get(page(clerk)), client.post(page(clerk), {"reach": "every", "reason": "x"})]
    assert [answer.status_code for answer in answers] == [403, 403]


def test_who_is_narrowed_himself_says_nothing_about_others(clerk: User) -> None:
    mine, other = make_book(), make_book()
    scopes.scope_set(user=clerk, books=[other.pk])
    narrowed = make_user(superuser=True, books=(mine.pk,))
    client = staff_client(narrowed)
    answers = [client.get(page(clerk)), client.post(page(clerk), {"reach": "every", "reason": "x"})]
    assert [answer.status_code for answer in answers] == [403, 403]
    with acting(Context(actor_id=narrowed.pk, actor=narrowed.username)), pytest.raises(scopes.Narrowed):
        scopes.scope_set(user=clerk, books=[mine.pk])
    assert scopes.books_of(clerk) == frozenset({other.pk})


def test_it_takes_a_fresh_second_factor(clerk: User) -> None:
    client = staff_client(make_user(roles=("administrator",)), stepped_up=False)
    book = make_book()
    answer = client.post(page(clerk), {"reach": "some", "books": [str(book.pk)], "reason": "x"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/step-up/")
    assert scopes.books_of(clerk) is None


def test_a_user_who_is_not_there_is_not_found(administrator: Client) -> None:
    assert administrator.get("/admin/auth/user/999999999/books/").status_code == 404


def test_the_inline_shows_the_books_and_leads_to_the_page(
    administrator: Client, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.site.get_model_admin(User), "inlines", [BookScopeInline])
    url, book = f"/admin/auth/user/{clerk.pk}/change/", make_book()
    assert "<li>Every book</li>" in administrator.get(url).content.decode()
    scopes.scope_set(user=clerk, books=[book.pk])
    shown = administrator.get(url).content.decode()
    assert f"<li>{book.code} \N{EN DASH} {book.name}</li>" in shown
    assert f'href="{page(clerk)}"' in shown


def test_strangers_are_sent_to_sign_in(clerk: User) -> None:
    for client in (Client(), staff_client(make_user(is_staff=False))):
        answer = client.get(page(clerk))
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/")
