"""The alarm of a witness that contradicts us. It is in the log itself: raised by one event, closed by another."""

from typing import NamedTuple

from django.db import connections

from compliance.alarms import alarm_write
from compliance.models import Source
from qenex.kernel import events
from qenex.kernel.health import Unready
from qenex.kernel.transactions import run

SUBJECT = "trail.alarm"
RAISED, CLOSED = "compliance.alarm.raised", "compliance.alarm.closed"

_NEWEST = """
SELECT DISTINCT ON (subject_id) subject_id, type FROM kernel_event WHERE type IN (%s, %s)
ORDER BY subject_id, recorded_at DESC, id DESC
"""


class AlarmError(Exception):
    """The alarm cannot be closed; the message says why."""


class Alarm(NamedTuple):
    """An alarm that nobody has closed."""

    witness: str


def open_alarms(*, using: str = "reader") -> list[Alarm]:
    """The witnesses whose newest alarm nobody has closed."""
    with connections[using].cursor() as cursor:
        cursor.execute(_NEWEST, [RAISED, CLOSED])
        return [Alarm(witness) for witness, type in cursor.fetchall() if type == RAISED]


def alarm_raise(*, witness: str, size: int, root: bytes, detail: str) -> bool:
    """Raises the alarm of a witness, unless it is raised already; whether it was raised now."""

    def command() -> bool:
        if Alarm(witness[:64]) in open_alarms(using="default"):
            return False
        data = {"witness": witness, "size": size, "root": root.hex(), "detail": detail}
        events.emit(RAISED, subject_type=SUBJECT, subject_id=witness[:64], data=data)
        # Beside it the one that stands above every page, which two people close there.
        alarm_write(Source.WITNESS, f"contradicted by {witness}"[:40], detail)
        return True

    return run(command)


def alarm_close(*, witness: str, reason: str, people: tuple[str, str]) -> None:
    """Closes the alarm of a witness, in the name of two people. Raises AlarmError."""
    first, second = (name.strip() for name in people)
    if not reason.strip() or not first or not second or first == second:
        raise AlarmError("an alarm is closed by two people, with a reason")

    def command() -> None:
        if Alarm(witness[:64]) not in open_alarms(using="default"):
            raise AlarmError(f"no alarm of {witness} is open")
        data = {"witness": witness, "reason": reason.strip(), "people": [first, second]}
        events.emit(CLOSED, subject_type=SUBJECT, subject_id=witness[:64], data=data)

    run(command)


def check_alarms() -> None:
    """No witness contradicts us: a part of /readyz. Raises Unready."""
    if found := open_alarms():
        raise Unready(f"contradicted by {', '.join(alarm.witness for alarm in found)}")
