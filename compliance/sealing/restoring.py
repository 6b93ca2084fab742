"""The way out after a restore into a cluster whose transaction numbers are others."""

from dataclasses import replace
from typing import NamedTuple

from django.conf import settings

from compliance.models import Restoration
from compliance.sealing import extension, guard, heads, rounds
from compliance.sealing.errors import NothingToDo, Reason, Refused
from compliance.sealing.heads import FIRST_ID, Head
from compliance.sealing.rounds import COLUMNS, HORIZON, UNSEALED, Entry
from compliance.sealing.turns import Turn, turn
from qenex.kernel import clock, events

# What runs has a number from the horizon on and below the next one; what is above was brought along.
_LEFT = f"""
{COLUMNS} WHERE (e.recorded_at, e.id) > (%s::timestamptz, %s) AND {UNSEALED}
    AND (e.transaction < %s OR e.transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
ORDER BY e.recorded_at, e.id LIMIT %s
"""
_RECORDED = "SELECT recorded_at::text FROM kernel_event WHERE id = %s"


class Resumed(NamedTuple):
    """What going on has brought."""

    sealed: int
    size: int


def trail_resume(*, reason: str) -> Resumed:
    """Seals what was restored and has no leaf, in the order of (recorded_at, id); goes on with this cluster's numbers.

    All in one transaction: it is done, or nothing is. Raises NothingToDo where numbers have not begun anew, Refused for
    everything else that is refused, Elsewhere, and OSError.
    """
    with turn() as present:
        place = heads.find(present)
        extension.check_tiles(present, place.size)
        kept = extension.check_signed(place.size).kept
        why = _restored(present, place)
        [horizon] = present.row(f"SELECT {HORIZON}") or (0,)
        head = _seal_left(present, heads.load(place), horizon)
        cluster = extension.cluster(present)
        row = Restoration(position=head.size, horizon=horizon, at=clock.now(), reason=reason)
        Restoration.objects.bulk_create([row], ignore_conflicts=True)
        _record(place.size, head.size, horizon, why, reason)
    if kept is not None:
        guard.write(replace(kept, cluster=cluster))
    return Resumed(head.size - place.size, head.size)


def _restored(present: Turn, place: heads.Place) -> str:
    try:
        extension.check_cluster(present, place, guard.read())
        extension.check_nothing_skipped(present, place)
    except Refused as refusal:
        if refusal.reason is not Reason.RESTORED:
            raise
        return refusal.detail
    raise NothingToDo("transaction numbers have not begun anew: there is nothing to go on from")


def _seal_left(present: Turn, head: Head, horizon: int) -> Head:
    recorded, last = "-infinity", FIRST_ID
    while True:
        rows = present.rows(_LEFT, recorded, last, horizon, rounds.LIMIT)
        if not rows:
            return head
        head = rounds.append(present, head, [Entry(*row) for row in rows])
        last = head.place.event_id
        [recorded] = present.row(_RECORDED, last) or (recorded,)


def _record(before: int, size: int, horizon: int, why: str, reason: str) -> None:
    events.emit(
        "compliance.trail.resumed",
        subject_type="trail",
        subject_id=settings.TRAIL_ORIGIN[:64],
        data={"from": before, "size": size, "horizon": horizon, "found": why, "reason": reason},
    )
