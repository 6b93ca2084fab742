"""How far behind the sealer is, in numbers: for its metrics, its log and whoever asks."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from compliance.sealing import heads
from compliance.sealing.rounds import HORIZON, UNSEALED
from compliance.sealing.turns import Turn
from qenex.kernel import clock

COUNTED = 100_000
"""Events behind that are counted at most: how many more there are changes nothing."""

_SIGNED = """
SELECT c.size, c.signed_at, l.transaction, l.event_id FROM compliance_checkpoint c
LEFT JOIN compliance_leaf l ON l.position = c.size - 1 ORDER BY c.size DESC LIMIT 1
"""
_OLDEST = """
SELECT e.recorded_at FROM kernel_event e WHERE (e.transaction, e.id) > (%s, %s) {}
ORDER BY e.transaction, e.id LIMIT 1
"""
_BEHIND = (
    "SELECT count(*) FROM (SELECT FROM kernel_event e WHERE (e.transaction, e.id) > (%s, %s) {} LIMIT {}) AS those"
)


class Figures(NamedTuple):
    """The state of the trail."""

    size: int
    """Leaves."""
    signed: int
    """Leaves that a checkpoint covers."""
    signed_at: datetime | None
    behind: int
    """Events without a position, those included that wait for a transaction to end; COUNTED at most."""
    lag: float
    """Seconds since the oldest event was recorded that no checkpoint covers; 0 where there is none."""
    horizon: int
    """The oldest transaction that still runs, or the next one."""
    held: bool
    """Whether it runs."""


def look(turn: Turn) -> Figures:
    """The figures now."""
    place, last = heads.find(turn), turn.row(_SIGNED)
    signed, signed_at, transaction, event_id = last or (0, None, 0, heads.FIRST_ID)
    if place.anew:  # what no checkpoint covers cannot be told by its number
        transaction, event_id = place.transaction, place.event_id
    unsealed = f"AND {UNSEALED}" if place.anew else ""
    [behind] = turn.row(_BEHIND.format(unsealed, COUNTED), place.transaction, place.event_id) or (0,)
    lag = _age(turn, transaction, event_id, unsealed)
    [horizon, held] = turn.row(
        f"SELECT {HORIZON}, pg_snapshot_xmin(pg_current_snapshot()) < pg_snapshot_xmax(pg_current_snapshot())"
    ) or (0, False)
    return Figures(place.size, signed, signed_at, behind, lag, horizon, held)


def _age(turn: Turn, transaction: int, event_id: UUID, condition: str) -> float:
    oldest = turn.row(_OLDEST.format(condition), transaction, event_id)
    return max(0.0, (clock.now() - oldest[0]).total_seconds()) if oldest else 0.0
