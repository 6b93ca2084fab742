"""The page of programs' sign-ins in the back office."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.access.models import TokenFamily
from qenex.access.tokens import Issued, family_start
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.access.tokens.conftest import Ask, code
from tests.kernel.conftest import make_user
from tests.support.people import staff_client

URL = "/admin/access/tokenfamily/"


@pytest.fixture
def issued(person: User) -> Issued:
    """A program's sign-in."""
    return family_start(user=person, method="password", user_agent="<script>alert(1)</script>")


def _end(client: Client, issued: Issued) -> int:
    return client.post(URL, {"action": "end", "_selected_action": [str(issued.family)]}).status_code


def test_an_administrator_sees_and_ends_them(issued: Issued, person: User, ask: Ask) -> None:
    boss = make_user("access.view_tokenfamily", "access.end_tokenfamily", is_staff=True)
    client = staff_client(boss)
    page = client.get(URL, {"q": person.username}).text
    assert person.username in page
    assert "<script>alert" not in page
    assert _end(client, issued) == 302
    assert code(ask(issued.access)) == (401, "authentication_failed")
    family = TokenFamily.objects.get(pk=issued.family)
    assert family.ended_reason == "by_administrator"
    event = Event.objects.get(type="access.token.ended", subject_id=person.pk)
    actor = json.loads(bytes(event.body))["actor"]
    assert (actor["name"], actor["method"]) == (boss.username, "session")
    client.post(URL, {"action": "end", "_selected_action": [str(issued.family), str(uuid7())]})
    assert Event.objects.filter(type="access.token.ended", subject_id=person.pk).count() == 1


def test_who_may_only_look_ends_nothing(issued: Issued, ask: Ask) -> None:
    client = staff_client(make_user("access.view_tokenfamily", is_staff=True))
    assert 'value="end"' not in client.get(URL).text
    _end(client, issued)
    assert code(ask(issued.access)) == (200, None)
    assert TokenFamily.objects.get(pk=issued.family).ended_at is None


def test_who_may_not_look_sees_nothing(issued: Issued, ask: Ask) -> None:
    client = staff_client(make_user("kernel.view_event", is_staff=True))
    assert client.get(URL).status_code == 403
    assert _end(client, issued) == 403
    assert code(ask(issued.access)) == (200, None)


def test_nobody_adds_edits_or_deletes_them(issued: Issued) -> None:
    boss = staff_client(make_user(is_staff=True, is_superuser=True))
    page = f"{URL}{issued.family}/change/"
    assert boss.get(page).status_code == 200
    assert "hash" not in boss.get(page).text.lower()
    for url in (f"{URL}add/", page, f"{URL}{issued.family}/delete/"):
        assert boss.post(url, {"ended_reason": "x"}).status_code == 403
    assert TokenFamily.objects.get(pk=issued.family).ended_reason == ""


def test_ending_needs_the_forms_token(issued: Issued, ask: Ask) -> None:
    boss = make_user("access.view_tokenfamily", "access.end_tokenfamily", is_staff=True)
    assert _end(staff_client(boss, enforce_csrf_checks=True), issued) == 403
    assert code(ask(issued.access)) == (200, None)
