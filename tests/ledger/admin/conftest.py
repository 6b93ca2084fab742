"""Staff, and what their pages answer."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.support.ledger import Shop, make_shop
from tests.support.people import staff_client

Staff = Callable[..., Client]

BASE = "/admin/ledger"
DASHES = {ord("\N{EN DASH}"): "-", ord("\N{MINUS SIGN}"): "-"}


def sign_in(user: User, **options: Any) -> Client:
    """The browser of a user who has signed in."""
    return staff_client(user, raise_request_exception=True, **options)


@pytest.fixture
def shop(database: None) -> Shop:
    """A book of one test: cash, and three customers who cannot be overdrawn, with 100.00 each."""
    return make_shop(3, funds="100")


@pytest.fixture
def staff(database: None) -> Staff:
    """Makes somebody with these permissions of the ledger, and signs them in."""

    def make(*permissions: str) -> Client:
        return sign_in(make_user(*(f"ledger.{each}" for each in permissions), is_staff=True))

    return make


@pytest.fixture
def boss(database: None) -> Client:
    """Somebody who may do everything."""
    return sign_in(make_user(is_staff=True, is_superuser=True))


def rows(response: Any) -> list[list[str]]:
    """The cells of a list's rows, as text."""
    assert response.status_code == 200
    table = re.search(r'<table id="result_list">(.*?)</table>', response.content.decode(), re.DOTALL)
    if table is None:
        return []
    body = table[1].partition("<tbody>")[2]
    return [
        [text(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)]
        for row in body.split("</tr>")[:-1]
    ]


def told(response: Any) -> list[str]:
    """The types of the events on a line of time, in its order."""
    assert response.status_code == 200
    return re.findall(r'<p class="trail-what"><a [^>]*>([^<]*)</a>', response.content.decode())


def column(response: Any, place: int) -> list[str]:
    """One column of a list's rows."""
    return [row[place] for row in rows(response)]


def text(markup: str) -> str:
    """The text of some HTML, with plain hyphens for dashes and minus signs."""
    plain = html.unescape(re.sub(r"<[^>]+>", " ", markup)).translate(DASHES)
    return " ".join(plain.split())


def errors(response: Any) -> list[str]:
    """What a form's page says against what was sent."""
    assert response.status_code == 200
    found = re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', response.content.decode(), re.DOTALL)
    return [text(item) for each in found for item in re.findall(r"<li>(.*?)</li>", each, re.DOTALL)]


def hidden(response: Any, name: str) -> str:
    """The value of a hidden input."""
    match = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', response.content.decode())
    assert match is not None, f"there is no hidden {name}"
    return match[1]


def event_types(shop: Shop) -> list[str]:
    """The types of all events of the shop's book, in order."""
    return list(Event.objects.filter(book_id=shop.book.pk).order_by("recorded_at", "id").values_list("type", flat=True))
