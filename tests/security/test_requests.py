"""Requests that somebody else's page, or somebody else's cookie, would have a browser send."""

import importlib
import inspect
import pkgutil
from typing import Any
from urllib.parse import quote

import pytest
from django import forms
from django.contrib.auth.models import User
from django.test import Client

import ledger
import qenex
from ledger.models import Book
from qenex.kernel.ids import uuid7
from tests.support.ledger import make_book
from tests.support.marked import marked
from tests.support.people import make_user, staff_client

PASSWORD = "rather-my-own-thing"
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    r"\\evil.example",
    r"/\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    " //evil.example",
    "/\t/evil.example",
    "http://testserver@evil.example/",
    "http:///evil.example",
]


@pytest.fixture
def person(database: None) -> User:
    """Somebody with a password, who is not signed in."""
    user = make_user(superuser=True)
    user.set_password(PASSWORD)
    with marked():
        user.save()
    return user


def credentials(user: User) -> dict[str, str]:
    return {"username": user.username, "password": PASSWORD}


def test_signing_somebody_in_from_another_site_is_refused(person: User) -> None:
    """Login CSRF: the victim would work in the attacker's account."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/admin/login/", credentials(person))
    assert answer.status_code == 403
    assert "sessionid" not in client.cookies


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://evil.testserver", "http://testserver:81"])
def test_a_token_does_not_help_a_page_of_another_origin(person: User, origin: str) -> None:
    client = Client(enforce_csrf_checks=True)
    token = str(client.get("/admin/login/").context["csrf_token"])
    form = credentials(person) | {"csrfmiddlewaretoken": token}
    assert client.post("/admin/login/", form, headers={"Origin": origin}).status_code == 403
    assert client.post("/admin/login/", form, headers={"Origin": "http://testserver"}).status_code != 403


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_no_page_of_the_admin_leads_elsewhere(person: User, elsewhere: str) -> None:
    client = staff_client(person)
    for page in ("/admin/login/", "/admin/"):
        answer = client.get(f"{page}?next={quote(elsewhere)}")
        where = answer.get("Location", "/admin/")
        assert where.startswith("/admin/"), where
        assert "evil" not in where.partition("?")[0]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_signing_in_leads_nowhere_else(person: User, elsewhere: str) -> None:
    answer = Client().post("/admin/login/", credentials(person) | {"next": elsewhere})
    assert answer.get("Location", "/").startswith("/")
    assert not answer.get("Location", "/").startswith(("//", "/\\"))


@pytest.mark.parametrize("path", ["//evil.example/admin", "/\\evil.example/admin", "/admin//evil.example"])
def test_an_address_without_its_last_slash_is_not_led_elsewhere(database: None, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code in (301, 302, 404)
    assert not answer.get("Location", "/").startswith(("//", "/\\", "http"))


def test_a_session_that_somebody_else_chose_is_not_taken(person: User) -> None:
    """Session fixation: the identifier changes when somebody signs in."""
    client = Client()
    client.cookies["sessionid"] = "chosen-by-somebody-else-0123456"
    client.post("/admin/login/", credentials(person))
    assert client.cookies["sessionid"].value != "chosen-by-somebody-else-0123456"


def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(person: User) -> None:
    client = staff_client(person)
    stolen = client.cookies["sessionid"].value
    assert client.get("/admin/").status_code == 200
    client.post("/admin/logout/")
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get("/admin/").status_code == 302


def test_a_link_signs_nobody_out(person: User) -> None:
    client = staff_client(person)
    assert client.get("/admin/logout/").status_code == 405
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_the_api_takes_no_form_of_another_site_with_a_session(person: User, content_type: str) -> None:
    """Those are the types that a page may send elsewhere without asking; and there is no token with it."""
    client = staff_client(person, enforce_csrf_checks=True)
    code = f"b{uuid7().hex[:12]}"
    body = f'{{"code": "{code}", "name": "x"}}'
    answer = client.generic("POST", "/api/v1/books", body, content_type)
    assert answer.status_code in (403, 415)
    assert not Book.objects.filter(code=code).exists()


def test_the_api_takes_no_json_with_a_session_and_without_a_token(person: User) -> None:
    client = staff_client(person, enforce_csrf_checks=True)
    code = f"b{uuid7().hex[:12]}"
    headers = {"Idempotency-Key": str(uuid7())}
    answer = client.post("/api/v1/books", {"code": code, "name": "x"}, "application/json", headers=headers)
    assert answer.status_code == 403
    assert not Book.objects.filter(code=code).exists()


def test_a_file_for_the_api_is_refused_by_its_type(database: None, person: User) -> None:
    client = staff_client(person)
    book = make_book()
    part = '--x\r\nContent-Disposition: form-data; name="file"; filename="../../x.py"\r\n\r\nimport os\r\n--x--\r\n'
    answer: Any = client.generic("POST", "/api/v1/transfers", part, "multipart/form-data; boundary=x")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert book.pk is not None


def test_no_form_of_ours_takes_a_file() -> None:
    """There is no upload to check: whoever adds one is reminded here to check its type, size and name."""
    found = []
    for package in (ledger, qenex):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(part in module.name for part in ("forms", "admin", "people", "access")):
                continue
            for _, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(each, forms.BaseForm) and hasattr(each, "base_fields"):
                    found += [each for field in each.base_fields.values() if isinstance(field, forms.FileField)]
    assert found == []
