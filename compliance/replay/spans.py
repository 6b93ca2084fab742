"""Parts of the log, by the places that the sealer has given to events, or by time."""

from datetime import datetime

from django.db.backends.utils import CursorWrapper

from qenex.kernel.projections import EVERYTHING, Span

_PLACE = "SELECT transaction FROM compliance_leaf WHERE position = %s"
_RESTORED = "SELECT EXISTS (SELECT FROM compliance_restoration)"
_AMONG = "EXISTS (SELECT FROM compliance_leaf f WHERE f.event_id = e.id AND f.position < {size})"
_BY_PLACE = "(SELECT f.position FROM compliance_leaf f WHERE f.event_id = e.id) NULLS LAST, e.transaction, e.id"
"""The order after a restoration into a cluster that counts transactions anew."""


class NoPosition(ValueError):
    """No event has this place yet."""


def whole(cursor: CursorWrapper) -> Span:
    """All of the log."""
    return Span(EVERYTHING.condition, _BY_PLACE) if _restored(cursor) else EVERYTHING


def first(cursor: CursorWrapper, size: int) -> Span:
    """The first events, so many. Raises NoPosition where fewer were sealed."""
    transaction = _transaction(cursor, size)
    if _restored(cursor):
        return Span(_AMONG.format(size=size), _BY_PLACE)
    return Span(f"e.transaction <= {transaction} AND {_AMONG.format(size=size)}")


def behind(cursor: CursorWrapper, size: int) -> Span:
    """All events but the first, so many; sealed or not. Raises NoPosition where fewer were sealed."""
    transaction = _transaction(cursor, size)
    if _restored(cursor):
        return Span(f"NOT {_AMONG.format(size=size)}", _BY_PLACE)
    return Span(f"e.transaction >= {transaction} AND NOT {_AMONG.format(size=size)}")


def until(cursor: CursorWrapper, moment: datetime) -> Span:
    """What was recorded up to and including a moment."""
    return Span(f"e.recorded_at <= '{moment.isoformat()}'::timestamptz", whole(cursor).order)


def _transaction(cursor: CursorWrapper, size: int) -> int:
    """That of the last of the first `size` events."""
    cursor.execute(_PLACE, [size - 1])
    row = cursor.fetchone()
    if row is None:
        raise NoPosition(f"no event has the position {size - 1} yet")
    return int(row[0])


def _restored(cursor: CursorWrapper) -> bool:
    cursor.execute(_RESTORED)
    return bool(cursor.fetchone()[0])
