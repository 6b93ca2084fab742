"""Alarms for tests, and the two people that it takes to close one."""

import pytest
from django.contrib.auth.models import User

from compliance.alarms import alarm_close, alarm_raise
from compliance.alarms.closing import PERMISSION
from compliance.models import Source, TamperAlarm
from qenex.access import approvals
from qenex.access.approvals import ApprovalRequired
from qenex.access.models import Approval
from qenex.kernel.ids import uuid7
from tests.support.approvals import by
from tests.support.people import make_user

CLOSER = (PERMISSION, "access.check_approval", "access.view_approval", "compliance.view_tamperalarm")


def closer() -> User:
    """Somebody who may propose and confirm."""
    return make_user(permissions=CLOSER)


def raised(detail: str = "a leaf differs") -> TamperAlarm:
    """An open alarm of a kind that nobody has raised before. Close it: every page shows it, and every test sees it."""
    return alarm_raise(source=Source.VERIFICATION, code=f"test-{uuid7().hex}", detail=detail)


def proposed(alarm: TamperAlarm, user: User, explanation: str = "a drill") -> Approval:
    """The request of this user to close it."""
    with by(user):
        with pytest.raises(ApprovalRequired) as needed:
            alarm_close(alarm=alarm.pk, explanation=explanation)
        error = needed.value
        return approvals.request(command=error.command, payload=error.payload, reason=error.reason, key=error.key)


def close(alarm: TamperAlarm) -> TamperAlarm:
    """The alarm, closed by two people."""
    request, confirming = proposed(alarm, closer()), closer()
    with by(confirming):
        approvals.approve(approval=request.pk, by=confirming)
    alarm.refresh_from_db()
    return alarm


def closed() -> TamperAlarm:
    """A closed alarm."""
    return close(raised())
