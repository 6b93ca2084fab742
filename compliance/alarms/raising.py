"""Raising an alarm, and which are open."""

from uuid import UUID

from django.db import transaction

from compliance.alarms import metrics
from compliance.models import Source, TamperAlarm
from qenex.kernel import clock, events, transactions


def alarm_raise(*, source: Source, code: str, detail: str, check: UUID | None = None) -> TamperAlarm:
    """Raises an alarm and returns it; the one that is open, where this source has raised one of this kind before.

    Raises Busy.
    """
    return transactions.run(lambda: alarm_write(source, code, detail, check))


def alarm_write(source: Source, code: str, detail: str, check: UUID | None = None) -> TamperAlarm:
    """Raises an alarm inside the open transaction of what has found it."""
    # Of two at once the second waits for the first, and then finds it.
    made, new = TamperAlarm.objects.get_or_create(
        source=source,
        code=code,
        closed_at=None,
        defaults={"detail": detail, "found_at": clock.now(), "check_id": check},
    )
    if new:
        data = {"source": str(source), "code": code, "detail": detail, "check": check, "found_at": made.found_at}
        events.emit("compliance.tamperalarm.raised", subject_type="alarm", subject_id=made.pk, data=data, version=2)
        transaction.on_commit(metrics.refresh)
    return made


def open_alarms(*, using: str = "reader") -> list[TamperAlarm]:
    """The alarms that nobody has closed, oldest first."""
    return list(TamperAlarm.objects.using(using).filter(closed_at=None).order_by("found_at", "pk"))
