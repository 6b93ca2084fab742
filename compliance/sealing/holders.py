"""Who holds the sealer up: a transaction that writes and does not end."""

import logging
import time
from typing import NamedTuple

from compliance.sealing import metrics
from compliance.sealing.figures import Figures
from compliance.sealing.turns import Turn

HELD_SECONDS = 5.0
"""How long a transaction may run, while events wait for it, before it is named."""
REPEAT_SECONDS = 60.0

# Process, user, application and number are shown to every role; since when, only to its own and to pg_read_all_stats.
_BACKEND = """
SELECT pid, usename::text, application_name, datname::text, coalesce(extract(epoch FROM now() - xact_start), 0)::float8
FROM pg_stat_activity WHERE backend_xid::text::bigint = %s::bigint %% 4294967296
"""
_PREPARED = """
SELECT 0, owner::text, gid, database::text, extract(epoch FROM now() - prepared)::float8
FROM pg_prepared_xacts WHERE transaction::text::bigint = %s::bigint %% 4294967296
"""
logger = logging.getLogger(__name__)


class Holder(NamedTuple):
    """Whose transaction it is. A prepared one has no process, and its name stands for the application."""

    pid: int
    user: str
    application: str
    database: str
    seconds: float


class Watch:
    """Names the transaction that has held the horizon for too long: in the log, and in the metrics until it ends."""

    def __init__(self) -> None:
        self._horizon, self._since, self._told = 0, time.monotonic(), 0.0
        self._named: Holder | None = None

    def look(self, turn: Turn, figures: Figures) -> Holder | None:
        """Who holds up the sealer, if anybody has done so for long."""
        now = time.monotonic()
        if figures.horizon != self._horizon or not figures.held or not figures.behind:
            self._horizon, self._since, self._told = figures.horizon, now, 0.0
            self._name(None)
            return None
        if now - self._since < HELD_SECONDS:
            return None
        holder = find(turn, self._horizon, now - self._since)
        self._name(holder)
        if holder is not None and (not self._told or now - self._told > REPEAT_SECONDS):
            self._told = now
            _tell(holder, figures)
        return holder

    def _name(self, holder: Holder | None) -> None:
        if self._named is not None and (holder is None or holder[:3] != self._named[:3]):
            metrics.holder(*self._named[:3], seconds=0.0)
        if holder is not None:
            metrics.holder(*holder[:3], seconds=holder.seconds)
        self._named = holder


def find(turn: Turn, transaction: int, seen: float) -> Holder | None:
    """Whose transaction this is; `seen` is for how many seconds it has been watched, at least that long it runs."""
    row = turn.row(_BACKEND, transaction) or turn.row(_PREPARED, transaction)
    if row is None:
        return None
    pid, user, application, database, seconds = row
    return Holder(pid, user or "", application or "", database or "", max(seconds, seen))


def _tell(holder: Holder, figures: Figures) -> None:
    logger.warning(
        "a transaction of %.0f s holds up the sealing of %d events: process %d, user %s, application %r, database %s",
        *(holder.seconds, figures.behind, holder.pid, holder.user, holder.application, holder.database),
    )
