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


def test_an_administrator_ends_one_with_a_reason_and_a_fresh_second_factor(
    issued: Issued, person: User, ask: Ask
) -> None:
    boss = make_user("access.view_tokenfamily", "access.end_tokenfamily", is_staff=True)
    page = f"{URL}{issued.family}/end/"
    client = staff_client(boss)
    assert page in client.get(URL, {"q": person.username}).text
    assert person.username in client.get(page).text
    assert client.post(page, {"reason": ""}).status_code == 200
    assert staff_client(boss, stepped_up=False).post(page, {"reason": "x"}).status_code == 302
    assert (
        staff_client(make_user("access.view_tokenfamily", is_staff=True)).post(page, {"reason": "x"}).status_code == 403
    )
    assert code(ask(issued.access)) == (200, None)
    assert "The sign-in was ended." in client.post(page, {"reason": "Lost laptop"}, follow=True).text
    assert code(ask(issued.access)) == (401, "authentication_failed")
    event = json.loads(bytes(Event.objects.get(type="access.token.ended", subject_id=person.pk).body))
    assert (event["reason"], event["data"]["reason"]) == ("Lost laptop", "by_administrator")
    assert page not in client.get(URL, {"q": person.username}).text
    assert "The sign-in had ended already." in client.post(page, {"reason": "x"}, follow=True).text


def test_an_administrator_ends_everything_of_somebody(issued: Issued, person: User, ask: Ask) -> None:
    browser, boss = staff_client(person), staff_client(make_user("access.end_staffsession", is_staff=True))
    answer = boss.post(f"/admin/auth/user/{person.pk}/sessions/", {"reason": "Gone"}, follow=False)
    assert answer.status_code == 302
    assert code(ask(issued.access)) == (401, "authentication_failed")
    assert browser.get("/admin/security/").status_code == 302
    assert TokenFamily.objects.get(pk=issued.family).ended_reason == "by_administrator"


def test_a_user_sees_his_programs_and_ends_them_one_by_one_or_all(person: User, issued: Issued, ask: Ask) -> None:
    second, stranger = family_start(user=person, method="command"), family_start(user=make_user(), method="password")
    client = staff_client(person)
    page = client.get("/admin/security/").text
    assert [str(each.family) in page for each in (issued, second, stranger)] == [True, True, False]
    assert "<script>alert" not in page
    assert "made by an operator" in page
    end = f"/admin/security/tokens/{issued.family}/end/"
    assert client.post(f"/admin/security/tokens/{stranger.family}/end/").status_code == 404
    assert staff_client(person, enforce_csrf_checks=True).post(end).status_code == 403
    answer = client.post(end, follow=True).text
    assert "The sign-in was ended" in answer
    assert [str(each.family) in answer for each in (issued, second)] == [False, True]
    assert [code(ask(each.access))[0] for each in (issued, second)] == [401, 200]
    assert TokenFamily.objects.get(pk=issued.family).ended_reason == "by_user"
    assert client.post(end).status_code == 404
    client.post("/admin/security/end-others/")
    assert code(ask(second.access)) == (401, "authentication_failed")
    assert client.get("/admin/security/").status_code == 200
    assert TokenFamily.objects.get(pk=stranger.family).ended_at is None
