"""Where the tree went on in another cluster: the log itself tells of each time."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from compliance.verification.report import TrailReport
from ledger.verification.pages import Snapshot

RESUMED = "compliance.trail.resumed"
BESIDE = timedelta(minutes=1)
"""Between the row and its event, which are written one after the other."""

_ROWS = "SELECT position, horizon, at, reason FROM compliance_restoration"
_EVENTS = """
SELECT e.recorded_at, e.body FROM kernel_event e JOIN compliance_leaf l ON l.event_id = e.id WHERE e.type = %s
"""


def restorations(snapshot: Snapshot, report: TrailReport) -> None:
    """Notes the rows that no event tells of, those that say something else, and those that are missing."""
    told = _told(snapshot)
    for position, horizon, at, reason in snapshot.rows(_ROWS):
        recorded_at, data = told.pop(position, (None, {}))
        if recorded_at is None:
            report.differ("restoration", position, "its event", None, "there")
            continue
        report.compare("restoration", position, "horizon", horizon, data.get("horizon"))
        report.compare("restoration", position, "reason", reason, data.get("reason"))
        if abs(at - recorded_at) > BESIDE:
            report.differ("restoration", position, "at", at, recorded_at)
    for position in told:
        report.differ("restoration", position, "the row", None, "there")


def _told(snapshot: Snapshot) -> dict[Any, tuple[datetime | None, dict[str, Any]]]:
    """Size of the tree → when it went on, and what the event says; bytes that say nothing are told elsewhere."""
    found: dict[Any, tuple[datetime | None, dict[str, Any]]] = {}
    for recorded_at, body in snapshot.rows(_EVENTS, RESUMED):
        try:
            data = msgspec.json.decode(body)["data"]
            found[data["size"]] = recorded_at, data
        except (ValueError, KeyError, TypeError):
            continue
    return found
