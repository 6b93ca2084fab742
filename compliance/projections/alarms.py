"""Alarms and verifications of the trail."""

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import Told

_CLOSED = {
    "explanation": "explanation",
    "proposed_by_id": "proposed_by",
    "closed_by_id": "confirmed_by",
    "proposal": "proposal",
    "closed_at": "closed_at",
}
"""Column → the word of the event."""
_PROGRESS = "How far it is while it runs."


class Alarms(Projection):
    """Raised by a program and closed by two people."""

    name = "alarms"
    tables = (Table("compliance_tamperalarm", ("id",), ("source", "code", "detail", "found_at", "check_id", *_CLOSED)),)
    events = frozenset({"compliance.tamperalarm.raised", "compliance.tamperalarm.closed"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Raises an alarm, or closes one."""
        alarms, data = shadows["compliance_tamperalarm"], told.data
        if told.type == "compliance.tamperalarm.closed":
            alarms.change(told.subject, by=told.type, **{column: data[word] for column, word in _CLOSED.items()})
            return
        found = {name: data[name] for name in ("source", "code", "detail", "found_at")}
        alarms.put(told.subject, **found, check_id=data["check"], explanation="")


class Checks(Projection):
    """Asked for, begun, and ended."""

    name = "checks"
    tables = (
        Table(
            "compliance_trailcheck",
            ("id",),
            ("state", "requested_by_id", "requested_at", "started_at", "finished_at", "count", "problem"),
            {
                **dict.fromkeys(("stage", "done", "total", "moved_at"), _PROGRESS),
                "report": "What was found can be found again; how many differences there were is told.",
            },
        ),
    )
    events = frozenset(f"compliance.check.{what}" for what in ("requested", "started", "finished"))

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Notes how far a verification has come."""
        checks, data = shadows["compliance_trailcheck"], told.data
        if told.type == "compliance.check.requested":
            asked = {"requested_by_id": data["by"], "requested_at": data["at"]}
            checks.put(told.subject, state="queued", problem="", **asked)
        elif told.type == "compliance.check.started":
            checks.change(told.subject, by=told.type, state="running", started_at=data["at"])
        else:
            ended = {"state": data["state"], "count": data["differences"], "problem": data["problem"]}
            checks.change(told.subject, by=told.type, **ended, finished_at=data["at"])
