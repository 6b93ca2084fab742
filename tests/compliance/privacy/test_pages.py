"""The pages of privacy: who may, and what comes of it."""

import json
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from compliance.models import Erasure, LegalHold, RetentionRule
from compliance.privacy.reading import REVEAL
from qenex.access.models import Approval
from qenex.kernel.models import Event
from tests.kernel.conftest import token_client
from tests.support.marked import marked
from tests.support.people import make_user, staff_client
from tests.support.privacy import HERE, erase, leaver, subject, trace

pytestmark = pytest.mark.usefixtures("database", "erased_file")
HOLDS, RULES, ERASURES = (f"/admin/compliance/{name}/" for name in ("legalhold", "retentionrule", "erasure"))
CASE = {"reason": "case 12/26"}


@pytest.fixture
def officer() -> User:
    return make_user(roles=("compliance-officer",))


@pytest.fixture
def client(officer: User) -> Client:
    return staff_client(officer)


@pytest.fixture
def clerk() -> Client:
    return staff_client(make_user(roles=("operations",)))


def personal(event: Event) -> str:
    return f"/admin/kernel/event/{event.pk}/personal/"


def told(kind: str, **match: str) -> Event:
    return Event.objects.filter(type=kind, **match).latest("transaction", "id")


def test_a_hold_is_placed_found_and_its_lifting_asked_for(client: Client, officer: User) -> None:
    user = make_user()
    data = {**CASE, "person": user.username, "data_class": "", "until": ""}
    assert client.post(f"{HOLDS}add/", data)["Location"] == HOLDS
    hold = LegalHold.objects.get(subject=subject(user))
    assert (hold.placed_by, hold.reason, hold.until) == (officer, "case 12/26", None)
    page = client.get(HOLDS, {"subject": subject(user), "state": "standing"}).text
    assert f"{HOLDS}{hold.pk}/lift/" in page
    assert "1 legal hold<" in page
    answer = client.post(f"{HOLDS}{hold.pk}/lift/", CASE)
    assert answer["Location"].startswith("/admin/access/approval/")
    [*_, asked, _, _] = answer["Location"].split("/")
    assert json.loads(bytes(Approval.objects.get(pk=asked).payload)) == {"hold": str(hold.pk)}
    hold.refresh_from_db()
    assert hold.lifted_at is None


def test_a_mistake_in_a_form_is_said_and_nothing_is_done(client: Client) -> None:
    count = LegalHold.objects.count()
    for data, text in (
        ({"person": "nobody-at-all", **CASE}, "There is nobody called nobody-at-all."),
        ({"person": "*", **CASE}, "name one"),
        ({"person": "*", "data_class": "x", **CASE}, "Select a valid choice"),
        ({"person": "*", "data_class": "traces", "until": "1999-01-01", **CASE}, "over before it begins"),
        ({"person": "*", "data_class": "traces"}, "This field is required"),
    ):
        answer = client.post(f"{HOLDS}add/", data)
        assert (answer.status_code, text in answer.text) == (200, True), data
    assert LegalHold.objects.count() == count


@pytest.mark.parametrize(
    "path", [f"{HOLDS}add/", f"{RULES}sessions/change/", f"{RULES}apply/", f"{ERASURES}add/", f"{ERASURES}export/"]
)
def test_who_may_not_is_refused_and_a_stale_session_is_asked_first(path: str, clerk: Client, officer: User) -> None:
    count = Event.objects.filter(type__startswith="compliance.").count()
    assert [clerk.get(path).status_code, clerk.post(path, CASE).status_code] == [403, 403]
    stale = staff_client(officer, stepped_up=False)
    assert stale.post(path, CASE)["Location"].startswith("/admin/step-up/")
    assert Client().post(path, CASE)["Location"].startswith("/admin/login/")
    assert Event.objects.filter(type__startswith="compliance.").count() == count


def test_a_form_without_its_token_is_refused(officer: User) -> None:
    strict = staff_client(officer, enforce_csrf_checks=True)
    assert strict.post(f"{RULES}apply/", CASE).status_code == 403


def test_somebody_is_erased_by_way_of_the_page_and_the_inbox(client: Client) -> None:
    user = leaver()
    data = {"person": user.username, "reason": "withdrawn"}
    answer = client.post(f"{ERASURES}add/", data)
    approval = Approval.objects.get(pk=answer["Location"].split("/")[-3])
    assert answer["Location"] == f"/admin/access/approval/{approval.pk}/change/"
    waiting = Erasure.objects.get(subject=subject(user))
    assert subject(user) in client.get(ERASURES, {"id": str(waiting.pk)}).text
    second = staff_client(make_user(roles=("compliance-officer",)))
    page = second.get(answer["Location"]).text
    assert str(waiting.pk) in page
    version = re.findall(r'name="version" value="(\d+)"', page)[0]
    second.post(f"/admin/access/approval/{approval.pk}/approve/", {"version": version, "comment": ""})
    user.refresh_from_db()
    waiting.refresh_from_db()
    assert (user.first_name, waiting.subject, waiting.done_at is not None) == ("", "", True)
    assert subject(user) not in client.get(ERASURES, {"id": str(waiting.pk)}).text
    found = {state: client.get(ERASURES, {"state": state}).text for state in ("waiting", "done")}
    assert [str(waiting.pk) in found[state] for state in ("waiting", "done")] == [False, True]


def test_an_erasure_that_is_refused_says_why(client: Client) -> None:
    active = make_user(first_name="Ada")
    answer = client.post(f"{ERASURES}add/", {"person": active.username, "reason": "withdrawn"})
    assert "Deactivate the user first." in answer.text
    assert "Select a valid choice" in client.post(f"{ERASURES}add/", {"person": "x", "reason": "retention"}).text


def test_somebodys_data_is_sent_as_a_file(client: Client) -> None:
    user = make_user(first_name="Ada")
    trace(user, **{"data.note": "mine"})
    answer = client.post(f"{ERASURES}export/", {"person": user.username, **CASE})
    assert answer["Content-Disposition"] == 'attachment; filename="personal-data.json"'
    assert "no-store" in answer["Cache-Control"]
    found = json.loads(answer.content)
    assert found["held"]["user"]["first_name"] == "Ada"
    assert told("compliance.subject.exported").actor == client.get("/admin/").context["user"].username
    assert "nobody called" in client.post(f"{ERASURES}export/", {"person": "nobody-at-all", **CASE}).text


def test_a_rule_is_changed_and_not_over_somebody_elses_change(client: Client) -> None:
    rule = RetentionRule.objects.get(pk="failures")
    terms = {"keep_days": 0, "period_days": 3, "legal_basis": rule.legal_basis, "active": "on", **CASE}
    try:
        assert client.post(f"{RULES}failures/change/", {**terms, "version": rule.version})["Location"] == RULES
        assert RetentionRule.objects.get(pk="failures").period_days == 3
        again = client.post(f"{RULES}failures/change/", {**terms, "period_days": 4, "version": rule.version})
        assert "It was changed since you looked at it." in again.text
        assert RetentionRule.objects.get(pk="failures").period_days == 3
        assert json.loads(bytes(told("compliance.retention.changed").body))["reason"] == "case 12/26"
    finally:
        with marked():
            rule.save()


def test_the_rules_are_looked_at_and_applied(client: Client) -> None:
    assert "Apply now" in client.get(RULES).text
    count = Event.objects.filter(type="compliance.retention.applied").count()
    assert "What would go" in client.get(f"{RULES}apply/").text
    assert Event.objects.filter(type="compliance.retention.applied").count() == count
    assert client.post(f"{RULES}apply/", CASE)["Location"] == RULES
    assert Event.objects.filter(type="compliance.retention.applied").count() == count + 1


def test_an_auditor_sees_the_pages_and_changes_nothing() -> None:
    auditor = staff_client(make_user(roles=("auditor",)))
    for path in (HOLDS, RULES, ERASURES, f"{RULES}sessions/change/"):
        page = auditor.get(path)
        assert page.status_code == 200
        assert not any(text in page.text for text in ("Apply now", "Place a legal hold", "Erase somebody", ">Export<"))


def test_personal_data_of_an_event_is_shown_for_a_reason_and_that_is_told(client: Client) -> None:
    event = trace(make_user(), **{"data.note": "Frobozz"})
    first = client.get(personal(event)).text
    assert HERE not in first
    answer = client.post(personal(event), CASE)
    assert all(text in answer.text for text in (HERE, "Frobozz", "actor.address"))
    assert "no-store" in answer["Cache-Control"]
    read = told("compliance.personal.read", subject_id=str(event.pk))
    body = json.loads(bytes(read.body))
    assert body["data"] == {"places": ["actor.address", "data.note"], "erased": []}
    assert (body["reason"], HERE in json.dumps(body)) == ("case 12/26", False)


def test_without_a_reason_or_the_right_nothing_is_shown_and_nothing_is_told(client: Client, clerk: Client) -> None:
    event = trace(make_user())
    assert HERE not in client.post(personal(event), {"reason": ""}).text
    assert clerk.post(personal(event), CASE).status_code == 403
    assert HERE not in clerk.get(f"/admin/kernel/event/{event.pk}/change/").text
    assert not Event.objects.filter(type="compliance.personal.read", subject_id=str(event.pk)).exists()


def test_the_page_of_an_event_leads_there(client: Client) -> None:
    event = trace(make_user())
    assert f'href="{personal(event)}"' in client.get(f"/admin/kernel/event/{event.pk}/change/").text


def test_of_an_erased_person_the_page_shows_that(client: Client) -> None:
    user = leaver()
    event = trace(user)
    erase(user)
    assert "<em>erased</em>" in client.post(personal(event), CASE).text


def test_the_api_opens_an_event_for_who_may_and_tells_it() -> None:
    event = trace(make_user(), **{"changes.email": {"before": "a", "after": "b"}})
    path = f"/api/v1/events/{event.pk}/personal"
    assert token_client(make_user(permissions=("kernel.view_event",))).get(path).status_code == 403
    assert not Event.objects.filter(type="compliance.personal.read", subject_id=str(event.pk)).exists()
    answer = token_client(make_user(permissions=(REVEAL,))).get(path)
    assert answer.json() == {
        "event": str(event.pk),
        "values": {"actor.address": HERE, "changes.email": {"before": "a", "after": "b"}},
        "erased": [],
    }
    assert "no-store" in answer["Cache-Control"]
    assert told("compliance.personal.read", subject_id=str(event.pk)).actor_id is not None
