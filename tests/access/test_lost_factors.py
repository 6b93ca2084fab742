"""Whoever has forgotten his password or lost his second factor comes back by an administrator, with nothing skipped."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.access.mfa import enrolment
from qenex.access.models import AuthenticatorApp, StaffSession
from qenex.kernel.models import Event
from tests.support.people import PASSWORD, code, make_user, staff_client, with_app, with_password

NEW = "zebra crossing 78"


@pytest.fixture
def admin(database: None) -> Client:
    return staff_client(make_user(roles=("administrator",)))


@pytest.fixture
def person(database: None) -> User:
    user = with_password(make_user())
    with_app(user)
    return user


def sign_in(user: User, password: str) -> tuple[Client, Any]:
    """A new browser of the user, after the page that asks for the password."""
    client = Client()
    return client, client.post("/admin/login/", {"username": user.username, "password": password})


def where(client: Client, path: str = "/admin/") -> str:
    """Where a page leads, without what comes behind the question mark; empty where it is shown."""
    answer = client.get(path)
    return str(answer.headers.get("Location", "")).partition("?")[0]


def test_a_forgotten_password_is_set_by_somebody_else_and_opens_nothing_without_the_second_factor(
    admin: Client, person: User
) -> None:
    form = {"new_password1": NEW, "new_password2": NEW, "reason": "forgot it, called back at home"}
    assert admin.post(f"/admin/auth/user/{person.pk}/password/", form).status_code == 302
    assert sign_in(person, PASSWORD)[1].status_code == 200
    client, answer = sign_in(person, NEW)
    assert answer["Location"].partition("?")[0] == "/admin/second-factor/"
    assert where(client) == "/admin/second-factor/"
    assert where(client, "/admin/enrol/") == "/admin/second-factor/"
    app = AuthenticatorApp.objects.get(user=person)
    assert client.post("/admin/second-factor/", {"code": code(app)}).status_code == 302
    assert where(client) == "/admin/second-factor/"
    assert where(client, "/admin/second-factor/") == "/admin/password_change/"
    changed = {"old_password": NEW, "new_password1": f"{NEW} tea", "new_password2": f"{NEW} tea"}
    assert client.post("/admin/password_change/", changed).status_code == 302
    assert where(client) == ""


def test_a_lost_factor_is_taken_away_only_by_who_says_how_he_knew_the_person(admin: Client, person: User) -> None:
    page = f"/admin/auth/user/{person.pk}/second-factors/"
    assert "How you made sure that it is the user" in admin.get(page).text
    assert admin.post(page, {"reason": ""}).status_code == 200
    assert enrolment.methods(person) == {"totp"}
    assert admin.post(page, {"reason": "passport and face, at the branch"}).status_code == 302
    assert enrolment.methods(person) == frozenset()
    event = Event.objects.get(type="access.factors.reset", subject_id=str(person.pk))
    assert json.loads(bytes(event.body))["reason"] == "passport and face, at the branch"
    client, _ = sign_in(person, PASSWORD)
    assert where(client) == "/admin/second-factor/"
    assert where(client, "/admin/second-factor/") == "/admin/enrol/"
    assert StaffSession.objects.filter(user=person, verified_at__isnull=False, ended_at__isnull=True).count() == 0
