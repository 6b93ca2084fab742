"""Reading the events that projectors are told of, in the order of the log."""

from collections.abc import Iterator, Sequence

from django.db.backends.utils import CursorWrapper

from qenex.kernel import upcasting
from qenex.kernel.projections import Projector, Span
from qenex.kernel.upcasting import Told

PAGE = 5_000
_EVENTS = """
DECLARE replay_events NO SCROLL CURSOR FOR
SELECT e.body FROM kernel_event e WHERE ({wanted}) AND {span} ORDER BY {order}
"""
_COUNT = "SELECT count(*) FROM kernel_event e WHERE ({wanted}) AND {span}"


def wanted(projectors: Sequence[Projector]) -> str:
    """What holds for an event `e` that one of the projectors is told of, as SQL."""
    found = [_wanted(each) for each in projectors if each.events]
    return " OR ".join(found) or "FALSE"


def _wanted(projector: Projector) -> str:
    types = ", ".join(f"'{type}'" for type in sorted(projector.events))
    bytes_ = f" AND position('\\x{projector.only_with.hex()}'::bytea IN e.body) > 0" if projector.only_with else ""
    return f"(e.type IN ({types}){bytes_})"


def count(cursor: CursorWrapper, projectors: Sequence[Projector], span: Span) -> int:
    """How many events there are to read."""
    cursor.execute(_COUNT.format(wanted=wanted(projectors), span=span.condition))
    (found,) = cursor.fetchone()
    return int(found)


def events(cursor: CursorWrapper, projectors: Sequence[Projector], span: Span) -> Iterator[list[Told]]:
    """The events, a page at a time, each in the latest version of its type. Raises upcasting.FromTheFuture."""
    cursor.execute(_EVENTS.format(wanted=wanted(projectors), span=span.condition, order=span.order))
    try:
        while True:
            cursor.execute(f"FETCH FORWARD {PAGE} FROM replay_events")
            page = [upcasting.read(body) for (body,) in cursor.fetchall()]
            if not page:
                return
            yield page
    finally:
        cursor.execute("CLOSE replay_events")
