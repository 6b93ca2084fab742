"""An alarm stays until two people have closed it, by whatever way one person tries."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from compliance.alarms import AlarmError, alarm_close, alarm_raise
from compliance.alarms.closing import CLOSE
from compliance.models import Source, TamperAlarm
from compliance.sealing.daemon import refusal_record
from compliance.sealing.errors import Reason, Refused
from qenex.access import approvals
from qenex.access.approvals import ApprovalRequired, OwnRequest
from qenex.access.approvals.payload import decode
from qenex.access.approvals.rules import executing
from qenex.access.models import Approval
from qenex.kernel import clock, events
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.support import alarms
from tests.support.approvals import by
from tests.support.people import make_user, staff_client

pytestmark = pytest.mark.usefixtures("database")
BANNER = 'class="tamper-alarm"'


@pytest.fixture
def alarm(database: None) -> Iterator[TamperAlarm]:
    """An open alarm, which is gone for others afterwards."""
    made = alarms.raised()
    yield made
    made.refresh_from_db()
    if made.closed_at is None:
        alarms.close(made)


@pytest.fixture
def ann(database: None) -> User:
    return alarms.closer()


def is_open(alarm: TamperAlarm) -> bool:
    return TamperAlarm.objects.get(pk=alarm.pk).closed_at is None


def url(alarm: TamperAlarm, page: str = "change") -> str:
    return f"/admin/compliance/tamperalarm/{alarm.pk}/{page}/"


# --- one person


def test_one_person_cannot_close_it_by_the_service_nor_the_system_itself(alarm: TamperAlarm, ann: User) -> None:
    with by(ann), pytest.raises(ApprovalRequired):
        alarm_close(alarm=alarm.pk, explanation="nothing")
    with pytest.raises(ApprovalRequired):
        alarm_close(alarm=alarm.pk, explanation="nothing")
    assert is_open(alarm)


def test_one_person_cannot_confirm_his_own_proposal(alarm: TamperAlarm) -> None:
    for user in (alarms.closer(), make_user(superuser=True)):
        request = alarms.proposed(alarm, user)
        with by(user), pytest.raises(OwnRequest):
            approvals.approve(approval=request.pk, by=user)
        staff_client(user).post(f"/admin/access/approval/{request.pk}/approve/", {"version": "1"})
        assert Approval.objects.get(pk=request.pk).status == "pending"
    assert is_open(alarm)


def test_the_page_only_proposes(alarm: TamperAlarm, ann: User) -> None:
    client = staff_client(ann)
    assert client.post(url(alarm, "close"), {"reason": ""}).status_code == 200
    answer = client.post(url(alarm, "close"), {"reason": "a drill"})
    [request] = Approval.objects.filter(command=CLOSE, requester=ann)
    assert answer["Location"] == f"/admin/access/approval/{request.pk}/change/"
    assert is_open(alarm)
    assert f"{ann.username} has proposed it" in client.get(url(alarm)).text
    assert staff_client(ann, stepped_up=False).get(url(alarm, "close"))["Location"].startswith("/admin/step-up/")


@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_who_may_not_close_alarms_cannot_even_propose_it(alarm: TamperAlarm, role: str) -> None:
    client = staff_client(make_user(roles=(role,)))
    assert client.post(url(alarm, "close"), {"reason": "a drill"}).status_code == 403
    assert not [each for each in Approval.objects.filter(command=CLOSE) if str(alarm.pk).encode() in each.payload]


def test_the_database_refuses_to_close_it_without_the_request_of_two_people(alarm: TamperAlarm, ann: User) -> None:
    other = alarms.closer()

    def forge(**fields: object) -> None:
        row = {"closed_at": clock.now(), "explanation": "x", "proposal": uuid7(), **fields}
        with transaction.atomic():
            events.emit("test.forged", subject_type="alarm", subject_id=alarm.pk)
            TamperAlarm.objects.filter(pk=alarm.pk).update(**row)

    for fields in (
        {"proposed_by": ann, "closed_by": ann},
        {"closed_by": ann},
        {"proposed_by": ann, "closed_by": other},
    ):
        with pytest.raises(DatabaseError):
            forge(**fields)
    request = alarms.proposed(alarm, ann)  # it is there, and nobody has confirmed it
    with pytest.raises(DatabaseError, match="closed by two people"):
        forge(proposed_by=ann, closed_by=other, proposal=request.key)
    assert is_open(alarm)


def test_pretending_that_it_was_approved_is_not_enough(alarm: TamperAlarm, ann: User) -> None:
    request = alarms.proposed(alarm, ann)
    row = Approval.objects.get(pk=request.pk)
    with by(ann), executing(bytes(row.payload_hash)), pytest.raises((ApprovalRequired, DatabaseError)):
        approvals.find(CLOSE).execute(decode(row.payload))
    assert is_open(alarm)


def test_it_is_neither_deleted_nor_changed_not_even_by_the_owner(alarm: TamperAlarm) -> None:
    for alias in ("default", "owner"):
        for statement in (
            "DELETE FROM compliance_tamperalarm WHERE id = %s",
            "UPDATE compliance_tamperalarm SET detail = 'nothing' WHERE id = %s",
            "UPDATE compliance_tamperalarm SET code = 'other' WHERE id = %s",
        ):
            with pytest.raises(DatabaseError), connections[alias].cursor() as cursor:
                cursor.execute(statement, [alarm.pk])
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("TRUNCATE compliance_tamperalarm")
    found = TamperAlarm.objects.get(pk=alarm.pk)
    assert (found.detail, found.code, found.closed_at) == (alarm.detail, alarm.code, None)


# --- two people


def test_two_people_close_it_once_and_everybody_can_read_why(alarm: TamperAlarm, ann: User) -> None:
    request, bea = alarms.proposed(alarm, ann, "the disk was replaced"), alarms.closer()
    late = alarms.proposed(alarm, ann, "again")
    answer = staff_client(bea).post(f"/admin/access/approval/{request.pk}/approve/", {"version": "1"}, follow=True)
    assert "Approved, and carried out." in answer.text
    alarm.refresh_from_db()
    assert (alarm.proposed_by, alarm.closed_by, alarm.explanation) == (ann, bea, "the disk was replaced")
    assert alarm.closed_at is not None
    kinds = Event.objects.filter(subject_type="alarm", subject_id=alarm.pk).order_by("recorded_at")
    told = list(kinds.values_list("type", flat=True))
    assert told == ["compliance.tamperalarm.raised", "compliance.tamperalarm.closed"]
    with by(bea):
        assert approvals.approve(approval=late.pk, by=bea).code == "alarm_closed"
    with pytest.raises(AlarmError):
        alarm_close(alarm=alarm.pk, explanation="more")
    with pytest.raises(DatabaseError, match="closed once"), transaction.atomic():
        TamperAlarm.objects.filter(pk=alarm.pk).update(closed_at=None)
    assert "the disk was replaced" in staff_client(bea).get(url(alarm)).text


# --- raising


def test_an_open_alarm_is_raised_once_and_a_closed_one_anew() -> None:
    first = alarms.raised()
    again = alarm_raise(source=Source.VERIFICATION, code=first.code, detail="more")
    assert (again.pk, again.detail) == (first.pk, first.detail)
    alarms.close(first)
    anew = alarm_raise(source=Source.VERIFICATION, code=first.code, detail="once more")
    assert anew.pk != first.pk
    alarms.close(anew)


def test_what_the_sealer_refuses_raises_an_alarm_but_not_an_unfit_key() -> None:
    refusal_record(Refused(Reason.GUARD_DIFFERS, "the root of 7 leaves is another one"))
    refusal_record(Refused(Reason.KEY_UNFIT, "RSA"))
    [found] = TamperAlarm.objects.filter(source=Source.SEALER, closed_at=None)
    assert (found.code, found.detail) == ("guard_differs", "the root of 7 leaves is another one")
    alarms.close(found)


# --- seen


def test_every_page_shows_it_until_it_is_closed(alarm: TamperAlarm) -> None:
    teller, auditor = staff_client(make_user(roles=("teller",))), staff_client(make_user(roles=("auditor",)))
    for path in ("/admin/", "/admin/ledger/book/", "/admin/security/"):
        page = teller.get(path).text
        assert BANNER in page, path
        assert url(alarm) not in page
    assert url(alarm) in auditor.get("/admin/").text
    assert BANNER not in Client().get("/admin/login/").text
    alarms.close(alarm)
    assert alarm.code not in auditor.get("/admin/").text


def test_the_process_is_ready_and_says_that_somebody_should_look(alarm: TamperAlarm, client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.json()["checks"]["alarms"]["status"] == "degraded"
    assert answer.json()["checks"]["alarms"]["detail"].startswith("open tamper alarms: ")
    assert (answer.json()["status"], answer.status_code) in (("degraded", 200), ("failed", 503))
