"""Verify now: asked for once, watched, and an alarm where something differs."""

import tarfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client

from compliance.admin.checks import TrailCheckAdmin
from compliance.checking import check_request, check_run
from compliance.checking.services import STALE
from compliance.models import TamperAlarm, TrailCheck
from compliance.tasks import verify_nightly
from qenex.kernel import clock
from qenex.kernel.models import Event
from tests.support import trail as trails
from tests.support.people import make_user, staff_client

CHECKS = "/admin/compliance/trailcheck/"
EXPORT = "/admin/compliance/checkpoint/export/"


@pytest.fixture
def auditor(trail: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An auditor's browser, on a trail of the test's own, without a worker."""
    monkeypatch.setattr(TrailCheckAdmin, "hand_over", lambda self, check: None)
    return staff_client(make_user(roles=("auditor",)))


def types(check: TrailCheck) -> list[str]:
    rows = Event.objects.filter(subject_type="check", subject_id=check.pk).order_by("recorded_at", "id")
    return [type.rpartition(".")[2] for type in rows.values_list("type", flat=True)]


def test_a_verification_is_asked_for_watched_and_read(auditor: Client) -> None:
    trails.emit(3)
    trails.seal()
    answer = auditor.post(f"{CHECKS}start/")
    check = TrailCheck.objects.get()
    assert answer["Location"] == f"{CHECKS}{check.pk}/change/"
    again = auditor.post(f"{CHECKS}start/", follow=True)
    assert "A verification is under way already" in again.text
    assert f'data-check="{CHECKS}{check.pk}/progress/"' in again.text
    said = {"open": True, "text": "waiting for a worker", "done": 0, "total": 0}
    assert auditor.get(f"{CHECKS}{check.pk}/progress/").json() == said
    done = check_run(check=check.pk)
    assert done is not None
    assert (done.state, done.count) == ("done", 0)
    assert auditor.get(f"{CHECKS}{check.pk}/progress/").json()["open"] is False
    page = auditor.get(f"{CHECKS}{check.pk}/change/").text
    assert "all as computed" in page
    assert done.report is not None
    assert done.report["root"] in page
    assert types(check) == ["requested", "started", "finished"]
    assert check_run(check=check.pk) is None
    assert not TamperAlarm.objects.exists()


def test_what_was_changed_is_shown_and_raises_an_alarm_once(auditor: Client) -> None:
    [event, *_] = trails.emit(3)
    trails.seal()
    trails.execute("UPDATE kernel_event SET actor = 'somebody else' WHERE id = %s", event)
    verify_nightly()
    first = TrailCheck.objects.get()
    assert first.requested_by is None
    assert (first.state, first.count) == ("done", 1)
    page = auditor.get(f"{CHECKS}{first.pk}/change/").text
    assert "<del>somebody else</del>" in page
    verify_nightly()
    [alarm] = TamperAlarm.objects.all()
    assert (alarm.source, alarm.code, alarm.check_id) == ("verification", "differences", first.pk)
    assert 'class="tamper-alarm"' in auditor.get("/admin/").text


def test_one_that_was_lost_is_given_up_for_another(trail: str) -> None:
    lost, _ = check_request()
    assert check_request() == (lost, False)
    with clock.frozen(clock.now() + STALE + timedelta(seconds=1)):
        check, new = check_request()
    assert new
    assert check != lost
    lost.refresh_from_db()
    assert (lost.state, lost.problem) == ("failed", "Nothing was heard of it any more.")


def test_what_keeps_it_from_looking_is_told(trail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise OSError("no such file")

    monkeypatch.setattr("compliance.checking.services.verify_trail", broken)
    check, _ = check_request()
    found = check_run(check=check.pk)
    assert found is not None
    assert (found.state, found.problem) == ("failed", "OSError: no such file")


def test_only_who_may_asks(trail: str) -> None:
    for who in (make_user(roles=("administrator",)), make_user(permissions=("compliance.view_trailcheck",))):
        assert staff_client(who).post(f"{CHECKS}start/").status_code == 403
        assert staff_client(who).get(EXPORT).status_code == 403
    assert not TrailCheck.objects.exists()


def test_a_range_is_exported_and_that_is_recorded(auditor: Client) -> None:
    trails.emit(5)
    trails.seal()
    answer = auditor.post(EXPORT, {"start": "1", "end": "3", "transfers": "on", "reason": "the yearly audit"})
    assert answer["Content-Disposition"] == 'attachment; filename="qenex-log-1-3.tar.gz"'
    content = b"".join(answer)
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        assert {"checkpoint", "manifest.json", "vkeys"} <= set(archive.getnames())
    event = Event.objects.get(type="compliance.log.exported")
    assert b"the yearly audit" in bytes(event.body)
    assert answer["X-Manifest-SHA256"].encode() in bytes(event.body)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": "1", "since": "2026-01-01T00:00"}, "Give positions or times, not both."),
        ({"start": "3", "end": "2"}, "covers no such range"),
        ({"until": "2001-01-01T00:00"}, "covers no such range"),
        ({"start": "-1"}, "greater than or equal to 0"),
        ({"end": "999999999"}, "covers no such range"),
    ],
)
def test_a_range_that_is_none_is_not_exported(auditor: Client, given: dict[str, str], said: str) -> None:
    trails.emit(5)
    trails.seal()
    assert said in auditor.post(EXPORT, {**given, "reason": "x"}).text
    assert not Event.objects.filter(type="compliance.log.exported").exists()
