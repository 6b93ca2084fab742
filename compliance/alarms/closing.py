"""Closing an alarm takes two people, whatever the policies say and whoever acts: there is no exception."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy

from compliance.alarms import metrics
from compliance.alarms.errors import AlarmClosed, AlarmError
from compliance.models import TamperAlarm
from qenex.access.approvals import ApprovalRequired, registry
from qenex.access.approvals.payload import digest, encode
from qenex.access.approvals.registry import Difference
from qenex.access.approvals.rules import permitted
from qenex.access.models import Approval
from qenex.kernel import clock, context, events
from qenex.kernel.transactions import run

CLOSE = "compliance.alarm.close"
PERMISSION = "compliance.close_tamperalarm"


def alarm_close(*, alarm: UUID, explanation: str, proposal: UUID | None = None) -> TamperAlarm:
    """Closes an alarm while another person confirms the proposal; otherwise raises ApprovalRequired, which is how it is
    proposed. Raises AlarmClosed, and AlarmError without an explanation.
    """
    proposal = proposal or uuid4()
    payload = {"alarm": str(alarm), "explanation": explanation, "proposal": str(proposal)}

    def command() -> TamperAlarm:
        row = TamperAlarm.objects.select_for_update(of=("self",)).get(pk=alarm)
        _check(row, explanation)
        by = context.current()
        if not permitted(digest(CLOSE, encode(payload))) or by.on_behalf_of is None:
            raise ApprovalRequired(CLOSE, payload, key=str(proposal), reason=explanation)
        row.proposal, row.explanation, row.closed_at = proposal, explanation, clock.now()
        row.proposed_by_id, row.closed_by_id = by.on_behalf_of.id, by.actor_id
        row.save(update_fields=["proposal", "explanation", "closed_at", "proposed_by", "closed_by"])
        people = {"proposed_by": by.on_behalf_of.id, "confirmed_by": by.actor_id}
        data = {**people, "explanation": explanation, "proposal": proposal, "closed_at": row.closed_at}
        events.emit("compliance.tamperalarm.closed", subject_type="alarm", subject_id=row.pk, data=data, version=2)
        transaction.on_commit(metrics.refresh)
        return row

    return run(command)


def _check(row: TamperAlarm, explanation: str) -> None:
    if row.closed_at is not None:
        raise AlarmClosed
    if not explanation.strip():
        raise AlarmError("Say why nothing is wrong any more.")


def proposals(alarm: UUID) -> list[Approval]:
    """The requests to close it that wait for a second person."""
    waiting = Approval.objects.filter(command=CLOSE, status="pending").select_related("requester")
    return [each for each in waiting if json.loads(bytes(each.payload))["alarm"] == str(alarm)]


def _describe(payload: Mapping[str, Any]) -> Difference:
    row = TamperAlarm.objects.get(pk=payload["alarm"])
    _check(row, payload["explanation"])
    facts = [("Found", f"{row.found_at:%Y-%m-%d %H:%M:%S} UTC"), ("What was found", row.detail)]
    facts.append(("Explanation", payload["explanation"]))
    return Difference(f"Closes the alarm of the {row.get_source_display()}: {row.code}", [], facts)


@registry.command(
    CLOSE,
    label=gettext_lazy("Close a tamper alarm"),
    permission=PERMISSION,
    describe=_describe,
    result=lambda alarm: str(alarm.pk),
    refusals=(AlarmError,),
)
def _carry_out(payload: Mapping[str, Any]) -> None:
    alarm_close(alarm=UUID(payload["alarm"]), explanation=payload["explanation"], proposal=UUID(payload["proposal"]))
