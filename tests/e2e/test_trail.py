"""The trail's pages can be read by everybody, and an auditor and two officers do their work on them."""

import re
from pathlib import Path

import pytest
from django.test.utils import override_settings

from compliance.admin.checks import TrailCheckAdmin
from compliance.alarms import alarm_raise
from compliance.checking import check_run
from compliance.models import Checkpoint, CheckState, Source, TamperAlarm, TrailCheck
from compliance.models.check import OPEN
from compliance.verification import TrailReport
from qenex.kernel import clock, events, transactions
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.e2e.conftest import Enter, Visit, expect
from tests.e2e.reading import unreadable
from tests.support import alarms, trail
from tests.support.marked import marked

EVENTS, AUDIT, CHECKS = "/admin/kernel/event/", "/admin/compliance/checkpoint/", "/admin/compliance/trailcheck/"


@pytest.fixture
def told(database: None, tmp_path: Path) -> str:
    """An object whose story is sealed."""
    subject = uuid7().hex
    for before, after in ((None, "Northwind"), ("Northwind", "Northwind Trading")):
        verb = "created" if before is None else "changed"
        transactions.run(
            lambda verb=verb, before=before, after=after: events.emit(  # type: ignore[misc]  # its own defaults
                f"test.party.{verb}", subject_type="party", subject_id=subject, changes={"name": (before, after)}
            )
        )
    if not Checkpoint.objects.exists():
        with override_settings(TRAIL_DIR=tmp_path):
            trail.seal()
    return subject


def read(visit: Visit, path: str) -> None:
    """Opens a page and finds nothing on it that somebody would stumble over."""
    visit.go(path)
    assert unreadable(visit.page) == {}, path


def test_an_event_is_found_and_its_proof_read(visit: Visit, told: str) -> None:
    page = visit.go(EVENTS)
    page.get_by_label("Object", exact=True).fill(told)
    page.get_by_label("Object's kind").fill("party")
    with visit.leaving():
        page.keyboard.press("Enter")
    page.wait_for_url("**subject_id=*")
    assert page.locator(".trail-what > a:first-child").all_inner_texts() == ["test.party.created", "test.party.changed"]
    assert unreadable(page) == {}
    visit.follow(page.get_by_role("link", name="test.party.changed"))
    page.wait_for_url("**/change/")
    assert page.locator(".field-changes ins").inner_text() == "Northwind Trading"
    assert unreadable(page) == {}
    read(visit, f"{EVENTS}?type=test.nothing")
    read(visit, f"{EVENTS}?book=nowhere")
    assert visit.complaints == []


def test_on_a_telephone_a_field_of_an_event_is_as_high_as_what_it_says(visit: Visit, told: str) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 800})
    page = visit.go(f"{EVENTS}{Event.objects.get(type='test.party.created', subject_id=told).pk}/change/")
    heights = page.locator(".form-row .readonly:not(:has(table, pre))").evaluate_all(
        "fields => fields.map(field => field.offsetHeight)"
    )
    assert len(heights) > 8
    assert max(heights) < 90


def test_the_trail_is_verified_and_exported(visit: Visit, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrailCheckAdmin, "hand_over", lambda self, check: None)
    with marked():
        TrailCheck.objects.filter(state__in=OPEN).update(state=CheckState.FAILED, finished_at=clock.now())
    read(visit, AUDIT)
    size = Checkpoint.objects.latest("size").size
    read(visit, f"{AUDIT}{size}/change/")
    page = visit.go(AUDIT)
    visit.press("Verify now")
    page.wait_for_url(re.compile(r"trailcheck/.*/change/"))
    expect(page.get_by_role("status")).to_have_text("waiting for a worker", use_inner_text=True)
    assert unreadable(page) == {}
    check = TrailCheck.objects.latest("requested_at")
    with pytest.MonkeyPatch.context() as patch, visit.leaving():
        patch.setattr("compliance.checking.services.verify_trail", _found)
        check_run(check=check.pk)
    page.get_by_role("heading", name="What differs").wait_for()
    assert unreadable(page) == {}
    for path in (CHECKS, f"{AUDIT}export/", "/admin/compliance/tamperalarm/"):
        read(visit, path)
    assert visit.complaints == []
    for alarm in TamperAlarm.objects.filter(closed_at=None):
        alarms.close(alarm)


def test_an_alarm_is_on_every_page_and_closed_by_two(enter: Enter, database: None) -> None:
    alarm = alarm_raise(source=Source.SEALER, code=f"drill-{uuid7().hex}"[:40], detail="the root is another one")
    address = f"/admin/compliance/tamperalarm/{alarm.pk}/change/"
    ann, bea = enter(alarms.closer()), enter(alarms.closer())
    page = ann.go("/admin/")
    ann.follow(page.get_by_role("alert").get_by_role("link", name=re.compile("drill")))
    ann.follow(page.get_by_role("link", name="Propose to close it"))
    page.get_by_label("Reason").fill("a drill")
    assert unreadable(page) == {}
    ann.press("Propose")
    page.get_by_text("Nobody decides about his own").or_(page.get_by_text("This is your own request")).first.wait_for()
    page = bea.go(address)
    assert unreadable(page) == {}
    bea.follow(page.get_by_role("link", name="Look at the proposal"))
    bea.press("Approve and carry out")
    page.get_by_text("Approved, and carried out.").wait_for()
    read(bea, address)
    assert bea.page.get_by_role("alert").filter(has_text=alarm.code).count() == 0
    assert ann.complaints == bea.complaints == []


def _found(**_: object) -> TrailReport:
    """What a verification finds after somebody was at work."""
    report = TrailReport(leaves=3, root="ab" * 32, checkpoints=1)
    report.differ("event", uuid7().hex, "actor", "somebody else", "ann")
    return report
