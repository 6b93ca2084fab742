"""Legal holds: placed with a reason, lifted by two, and never changed or deleted."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.models import LegalHold
from compliance.privacy.errors import PrivacyError
from compliance.privacy.holds import hold_lift, hold_place, standing
from qenex.access import approvals
from qenex.kernel import clock
from qenex.kernel.context import acting, task
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.support.people import make_user
from tests.support.privacy import by, erase, leaver, officer, subject

pytestmark = pytest.mark.usefixtures("database", "erased_file")


def placed(**fields: Any) -> LegalHold:
    with by(officer()):
        return hold_place(**{"subject": make_user(), "reason": "case 1/26", **fields})


def test_a_hold_is_told_without_naming_the_person_in_clear() -> None:
    user = make_user()
    hold = placed(subject=user)
    event = Event.objects.get(type="compliance.hold.placed", subject_id=str(hold.pk))
    assert subject(user).encode() not in bytes(event.body)
    assert reveal(event.body).body["data"]["subject"] == subject(user)
    assert json.loads(bytes(event.body))["data"]["reason"] == "case 1/26"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"reason": " "}, "Say why"),
        ({"data_class": "everything"}, "no such class"),
        ({"subject": "*"}, "too much"),
        ({"subject": "auth.user:999999999"}, "nobody called"),
        ({"subject": "auth.user:x"}, "nobody called"),
        ({"until": clock.now() - timedelta(days=1)}, "before it begins"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], text: str) -> None:
    count = LegalHold.objects.count()
    with pytest.raises(PrivacyError, match=text):
        placed(**fields)
    assert LegalHold.objects.count() == count


def test_nobody_lifts_a_hold_alone_not_even_the_system() -> None:
    hold, first = placed(), officer()
    with by(first), pytest.raises(approvals.ApprovalRequired) as needed:
        hold_lift(hold=hold.pk)
    with acting(task("test")), pytest.raises(approvals.ApprovalRequired):
        hold_lift(hold=hold.pk)
    with by(first):
        asked = approvals.request(command=needed.value.command, payload=needed.value.payload)
        with pytest.raises(approvals.OwnRequest):
            approvals.approve(approval=asked.pk, by=first)
    hold.refresh_from_db()
    assert hold.lifted_at is None


def test_two_people_lift_a_hold_once() -> None:
    hold, first, second = placed(), officer(), officer()
    payload = {"hold": str(hold.pk)}
    with by(first):
        asked, again = (approvals.request(command="compliance.hold.lift", payload=payload) for _ in range(2))
    with by(second):
        assert approvals.approve(approval=asked.pk, by=second).status == "executed"
        assert approvals.approve(approval=again.pk, by=second).detail == "The hold was lifted before."
    hold.refresh_from_db()
    assert (hold.lift_asked_by, hold.lifted_by) == (first, second)
    assert not standing(hold.subject).filter(pk=hold.pk).exists()
    event = Event.objects.get(type="compliance.hold.lifted", subject_id=str(hold.pk))
    actor = json.loads(bytes(event.body))["actor"]
    assert (actor["id"], actor["on_behalf_of"]["id"]) == (second.pk, first.pk)


def test_the_database_lets_nobody_lift_alone() -> None:
    hold, one = placed(), officer()
    for fields in ({"lifted_by": one, "lift_asked_by": one}, {"lifted_by": one}, {}):
        with pytest.raises(IntegrityError, match="legalhold_lifted_by_two"), transaction.atomic():
            LegalHold.objects.filter(pk=hold.pk).update(lifted_at=clock.now(), **fields)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("data_class = 'traces'", "what a legal hold says is frozen"),
        ("reason = 'x'", "what a legal hold says is frozen"),
        ("until = now()", "what a legal hold says is frozen"),
        ("placed_at = now() - interval '1 day'", "what a legal hold says is frozen"),
        ("subject = ''", "a standing legal hold is about is frozen"),
        ("subject = 'x'", "a standing legal hold is about is frozen"),
    ],
)
def test_the_database_keeps_what_a_hold_says(change: str, message: str) -> None:
    hold = placed()
    with pytest.raises(IntegrityError, match=message), connection.cursor() as cursor:
        cursor.execute(f"UPDATE compliance_legalhold SET {change} WHERE id = %s", [hold.pk])  # noqa: S608  # names of ours


def test_a_hold_ends_by_itself_when_its_time_is_over_and_lets_the_person_go() -> None:
    user = leaver()
    with clock.frozen(clock.now() - timedelta(days=3)):
        hold = placed(subject=user, until=clock.now() + timedelta(days=1))
    assert not standing(subject(user)).exists()
    erase(user)
    hold.refresh_from_db()
    assert hold.subject == ""


def test_what_was_erased_cannot_be_held() -> None:
    user = leaver()
    erase(user)
    with pytest.raises(PrivacyError, match="nothing left to hold"):
        placed(subject=user)
