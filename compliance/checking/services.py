"""Asking for a verification, carrying it out, and what becomes of it."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error
from prometheus_client import Gauge

from compliance.alarms import alarm_write
from compliance.models import CheckState, Source, TrailCheck
from compliance.models.check import OPEN
from compliance.sealing import reading
from compliance.verification import TrailReport, verify_trail
from qenex.kernel import clock, context, events, transactions
from qenex.vault.errors import VaultError

STALE = timedelta(minutes=10)
"""Of a verification of which nothing was heard for so long, nothing will be heard any more."""
TELL_SECONDS = 0.5
DIFFERENCES = 200
"""How many are kept; the report says how many there are. `manage.py verify_log` prints them all."""
VERIFIED = Gauge(
    "qenex_trail_verified_timestamp_seconds",
    "When a verification of the whole trail has ended last without a difference.",
    multiprocess_mode="mostrecent",
)


def check_request() -> tuple[TrailCheck, bool]:
    """Asks for a verification, and says whether it is a new one: the one that is under way, where there is one.

    One that has not been heard of for ten minutes is given up first. Raises Busy.
    """

    def work() -> tuple[TrailCheck, bool]:
        now = clock.now()
        present = TrailCheck.objects.select_for_update(of=("self",)).filter(state__in=OPEN).first()
        if present is not None and present.moved_at > now - STALE:
            return present, False
        if present is not None:
            _end(present, CheckState.FAILED, problem="Nothing was heard of it any more.")
        made = TrailCheck(requested_by_id=context.current().actor_id, requested_at=now, moved_at=now)
        made.save(force_insert=True)
        asked = {"by": made.requested_by_id, "at": made.requested_at}
        events.emit("compliance.check.requested", subject_type="check", subject_id=made.pk, data=asked, version=2)
        return made, True

    return transactions.run(work)


def check_run(*, check: UUID) -> TrailCheck | None:
    """Carries a verification out; none where it is not waiting. What is found raises an alarm. Raises Busy.

    Whatever keeps it from looking ends it with a word, and is raised where it is a defect.
    """
    row = transactions.run(lambda: _start(check))
    if row is None:
        return None
    try:
        report = verify_trail(using="reader", progress=_Teller(row))
    except (VaultError, OSError, Error) as problem:
        return check_fail(check=check, problem=f"{type(problem).__name__}: {problem}".partition("\n")[0])
    except BaseException as defect:
        check_fail(check=check, problem=type(defect).__name__)
        raise
    return transactions.run(lambda: _finish(check, report))


def check_fail(*, check: UUID, problem: str) -> TrailCheck:
    """Ends a verification that could not look. Raises Busy, and DoesNotExist where it has ended."""

    def work() -> TrailCheck:
        row = TrailCheck.objects.select_for_update(of=("self",)).get(pk=check, state__in=OPEN)
        return _end(row, CheckState.FAILED, problem=problem[:500])

    return transactions.run(work)


class _Teller:
    """Writes down how far a verification is, twice a second at most."""

    def __init__(self, row: TrailCheck) -> None:
        self._row, self._told, self._stage = row, time.monotonic(), ""

    def __call__(self, what: str, done: int) -> None:
        if what == self._stage and time.monotonic() - self._told < TELL_SECONDS:
            return
        self._stage, self._told = what, time.monotonic()
        total = self._row.total if what == "events" else 0
        TrailCheck.objects.filter(pk=self._row.pk, state=CheckState.RUNNING).update(
            stage=what[:40], done=done, total=max(total, done if total else 0), moved_at=clock.now()
        )


def _start(check: UUID) -> TrailCheck | None:
    row = TrailCheck.objects.select_for_update(of=("self",)).filter(pk=check, state=CheckState.QUEUED).first()
    if row is None:
        return None
    row.state, row.total = CheckState.RUNNING, reading.size_sealed()
    row.started_at = row.moved_at = clock.now()
    row.save(update_fields=["state", "total", "started_at", "moved_at"])
    began = {"at": row.started_at}
    events.emit("compliance.check.started", subject_type="check", subject_id=row.pk, data=began, version=2)
    return row


def _finish(check: UUID, report: TrailReport) -> TrailCheck:
    row = TrailCheck.objects.select_for_update(of=("self",)).get(pk=check, state__in=OPEN)
    kept = report.as_json()
    kept["differences"] = kept["differences"][:DIFFERENCES]
    _end(row, CheckState.DONE, report=kept, count=report.count)
    if report.count:
        first = "; ".join(str(each) for each in report.differences[:3])
        detail = f"Differences in {settings.TRAIL_ORIGIN}: {report.count}. {first}"
        alarm_write(Source.VERIFICATION, "differences", detail, row.pk)
    else:
        VERIFIED.set(clock.now().timestamp())
    return row


def _end(row: TrailCheck, state: CheckState, **fields: Any) -> TrailCheck:
    changes = {"state": state, "finished_at": clock.now(), **fields}
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    report = fields.get("report") or {}
    said = {name: report[name] for name in ("leaves", "root", "tiles", "checkpoints", "transfers") if name in report}
    data = {**said, "state": str(state), "differences": row.count, "problem": row.problem, "at": row.finished_at}
    events.emit("compliance.check.finished", subject_type="check", subject_id=row.pk, data=data, version=2)
    return row
