"""What is too old goes by itself; what a hold keeps stays; a dry run changes nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, transaction

from compliance.models import DataClass, Erasure, LegalHold, RetentionRule
from compliance.privacy.errors import PrivacyError
from compliance.privacy.holds import hold_place
from compliance.privacy.retention import Outcome, retention_apply
from compliance.privacy.rules import ACTIONS, rule_set
from compliance.tasks import apply_retention
from qenex.access import approvals
from qenex.access.models import ApiKey, StaffSession
from qenex.kernel import clock
from qenex.kernel.context import acting, task
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from qenex.kernel.versions import Stale
from tests.support.approvals import policy
from tests.support.marked import marked
from tests.support.people import make_user
from tests.support.privacy import by, leaver, officer, session, subject, trace

pytestmark = pytest.mark.usefixtures("database", "erased_file")
OLD = timedelta(days=450)


@pytest.fixture(autouse=True)
def rules(database: None) -> Iterator[None]:
    """The rules as they ship, before and after."""
    shipped = list(RetentionRule.objects.all())
    yield
    for rule in shipped:
        with marked():
            rule.save()


def outcome(data_class: str, *, dry_run: bool = False) -> Outcome:
    with acting(task("test")):
        return next(each for each in retention_apply(dry_run=dry_run) if each.data_class == data_class)


def ended(user: User, age: timedelta) -> StaffSession:
    then = clock.now() - age
    moments = {"created_at": then, "last_seen_at": then, "ended_at": then, "ended_reason": "idle"}
    return session(user, **moments)


def old_trace(user: User) -> Event:
    with clock.frozen(clock.now() - OLD):
        return trace(user)


def test_every_class_ships_with_a_rule_and_an_action() -> None:
    assert set(RetentionRule.objects.values_list("pk", flat=True)) == set(DataClass.values) == set(ACTIONS)


def test_a_dry_run_counts_and_changes_nothing() -> None:
    user = make_user()
    old, trace_ = ended(user, OLD), old_trace(user)
    before = Event.objects.count()
    assert outcome("sessions", dry_run=True).gone >= 1
    assert outcome("traces", dry_run=True).gone >= 1
    assert StaffSession.objects.filter(pk=old.pk).exists()
    assert reveal(trace_.body).erased == ()
    assert Event.objects.count() == before


def test_sessions_that_ended_long_ago_go_and_others_stay() -> None:
    user = make_user()
    old, young, open_ = ended(user, OLD), ended(user, timedelta(days=399)), session(user)
    assert outcome("sessions").gone >= 1
    left = set(StaffSession.objects.filter(user=user).values_list("pk", flat=True))
    assert left == {young.pk, open_.pk}
    assert not StaffSession.objects.filter(pk=old.pk).exists()


def test_addresses_in_the_log_go_with_their_month_and_the_bytes_stay() -> None:
    user = make_user()
    old, new = old_trace(user), trace(user)
    body = bytes(old.body)
    assert outcome("traces").gone >= 1
    old.refresh_from_db()
    assert bytes(old.body) == body
    assert (reveal(old.body).erased, reveal(new.body).erased) == (("actor.address",), ())
    assert outcome("traces").gone == 0


def test_a_month_is_over_with_its_last_day() -> None:
    user = make_user()
    with clock.frozen(datetime(2020, 3, 1, tzinfo=UTC)):
        event = trace(user)
    over = datetime(2020, 4, 1, tzinfo=UTC) + timedelta(days=400)
    with clock.frozen(over - timedelta(seconds=1)):
        outcome("traces")
    assert reveal(event.body).erased == ()
    with clock.frozen(over):
        outcome("traces")
    assert reveal(event.body).erased == ("actor.address",)


def test_what_a_hold_keeps_stays_while_others_go() -> None:
    held, other = make_user(), make_user()
    kept, gone = ended(held, OLD), ended(other, OLD)
    kept_trace, gone_trace = old_trace(held), old_trace(other)
    with by(officer()):
        hold_place(subject=held, reason="case 3/26")
    assert (outcome("sessions").held, outcome("traces").held) == (True, True)
    assert StaffSession.objects.filter(pk=kept.pk).exists()
    assert not StaffSession.objects.filter(pk=gone.pk).exists()
    assert (reveal(kept_trace.body).erased, reveal(gone_trace.body).erased) == ((), ("actor.address",))


@contextmanager
def everybodys(data_class: str) -> Iterator[None]:
    """A hold on a class within the block; else it would keep the next test's."""
    with by(officer()):
        hold = hold_place(subject="*", data_class=data_class, reason="case 4/26")
    try:
        yield
    finally:
        one, two = officer(), officer()
        with marked():
            LegalHold.objects.filter(pk=hold.pk).update(lifted_at=clock.now(), lifted_by=one, lift_asked_by=two)


def test_a_hold_on_a_class_keeps_everybodys() -> None:
    old = ended(make_user(), OLD)
    with everybodys("sessions"):
        found = outcome("sessions")
        assert (found.gone, found.held, outcome("sessions", dry_run=True).gone) == (0, True, 0)
        assert StaffSession.objects.filter(pk=old.pk).exists()
    assert outcome("sessions").gone >= 1


def test_people_who_left_long_ago_are_erased_and_the_others_are_not() -> None:
    gone, still = leaver(date_joined=clock.now() - timedelta(days=4000)), leaver()
    active = make_user(first_name="Ada", date_joined=clock.now() - timedelta(days=4000))
    outcome("people")
    names = [User.objects.get(pk=user.pk).first_name for user in (gone, still, active)]
    assert names == ["", "Annegret", "Ada"]
    erasure = Erasure.objects.filter(ground="retention").latest("done_at")
    assert (erasure.subject, erasure.asked_by, erasure.done_by) == ("", None, None)


def test_failures_and_the_use_of_keys_go() -> None:
    user = make_user()
    then = clock.now() - OLD
    row = AccessAttempt.objects.create(username="x", ip_address="203.0.113.9", failures_since_start=1)
    AccessAttempt.objects.filter(pk=row.pk).update(attempt_time=then)
    with marked():
        key = ApiKey.objects.create(owner=user, name="k", scopes=["x"], created_at=then, last_used_at=then)
        ApiKey.objects.filter(pk=key.pk).update(last_used_address="203.0.113.9")
    outcome("failures")
    assert not AccessAttempt.objects.filter(pk=row.pk).exists()
    key.refresh_from_db()
    assert key.last_used_address is None


def test_each_run_is_told_with_counts_and_no_names() -> None:
    user = make_user()
    ended(user, OLD)
    apply_retention()
    event = Event.objects.filter(type="compliance.retention.applied").latest("transaction")
    body = json.loads(bytes(event.body))
    assert set(body["data"]) == set(DataClass.values)
    assert body["data"]["sessions"]["gone"] >= 1
    assert (body["actor"]["name"], body["actor"]["method"]) == ("retention_apply", "task")
    steps = Event.objects.filter(type="compliance.retention.ended", request_id=body["request_id"])
    assert steps.exists()
    assert not any(subject(user) in bytes(each.body).decode() for each in steps)


def test_an_inactive_rule_lets_nothing_go() -> None:
    with marked():
        RetentionRule.objects.filter(pk="sessions").update(active=False)
    old = ended(make_user(), OLD)
    apply_retention()
    assert StaffSession.objects.filter(pk=old.pk).exists()


def test_the_command_says_what_would_go_and_then_lets_it_go() -> None:
    old = ended(make_user(), OLD)
    said = StringIO()
    call_command("retention", "--dry-run", stdout=said)
    [line] = [each for each in said.getvalue().splitlines() if each.startswith("sessions")]
    assert "would go: the rows are deleted" in line
    assert StaffSession.objects.filter(pk=old.pk).exists()
    call_command("retention", stdout=said)
    assert not StaffSession.objects.filter(pk=old.pk).exists()


def test_a_rule_is_changed_with_an_event_and_a_version() -> None:
    with by(officer()):
        rule = rule_set(data_class="failures", fields={"period_days": 2}, version=None)
        with pytest.raises(Stale):
            rule_set(data_class="failures", fields={"period_days": 3}, version=rule.version - 1)
    event = Event.objects.filter(type="compliance.retention.changed", subject_id="failures").latest("transaction")
    assert json.loads(bytes(event.body))["changes"] == {"period_days": {"before": 1, "after": 2}}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"period_days": 0}, "between a day"),
        ({"period_days": 99_999}, "between a day"),
        ({"keep_days": 401}, "cannot go before"),
        ({"legal_basis": " "}, "legal basis"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fields: dict[str, Any], text: str) -> None:
    with by(officer()), pytest.raises(PrivacyError, match=text):
        rule_set(data_class="sessions", fields=fields)
    assert RetentionRule.objects.get(pk="sessions").version == 1
    if "period_days" in fields and fields["period_days"] == 0:
        with pytest.raises(IntegrityError, match="retention_"), transaction.atomic():
            RetentionRule.objects.filter(pk="sessions").update(**fields)


def test_a_policy_asks_for_a_second_person_for_a_rule() -> None:
    with policy("compliance.retention.change"), by(officer()), pytest.raises(approvals.ApprovalRequired):
        rule_set(data_class="sessions", fields={"active": False})
    assert RetentionRule.objects.get(pk="sessions").active
