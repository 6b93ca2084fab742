"""The database itself keeps requests for approval: nobody changes, deletes or decides one past the services."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connections, transaction

from qenex.access import approvals
from qenex.access.approvals import payload as payloads
from qenex.access.models import Approval, ApprovalStatus
from qenex.kernel import clock
from tests.support.approvals import (
    NOTE,
    asked,
    checker,
    maker,
)

pytestmark = pytest.mark.usefixtures("database")


def new() -> str:
    return uuid4().hex


def status(approval: Approval) -> str:
    return Approval.objects.get(pk=approval.pk).status


@pytest.mark.parametrize(
    "change",
    [
        "payload = '{}'",
        "payload_hash = sha256('')",
        "requester_id = approver_id",
        "command = 'test.other'",
        "reason = 'another'",
        "expires_at = expires_at + interval '1 day'",
        "book_id = gen_random_uuid()",
        "status = 'pending'",
        "status = 'executed', decided_at = now()",
        "status = 'withdrawn'",
        "status = 'executed', decided_at = now(), approver_id = requester_id",
        "status = 'executed', decided_at = expires_at, approver_id = %(other)s",
    ],
)
def test_the_database_refuses_to_change_a_request(change: str) -> None:
    made, other = asked(maker(), new()), checker()
    statement = f"UPDATE access_approval SET {change} WHERE id = %(id)s"  # noqa: S608  # the test's own
    with pytest.raises(DatabaseError), transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(statement, {"id": made.pk, "other": other.pk})
    assert status(made) == ApprovalStatus.PENDING


@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize("statement", ["DELETE FROM access_approval WHERE id = %s", "TRUNCATE access_approval -- %s"])
def test_the_database_refuses_to_delete_a_request(alias: str, statement: str) -> None:
    made = asked(maker(), new())
    with pytest.raises(DatabaseError), transaction.atomic(alias), connections[alias].cursor() as cursor:
        cursor.execute(statement, [made.pk])
    assert status(made) == ApprovalStatus.PENDING


def test_the_database_decides_once_and_checks_the_hash() -> None:
    made, bea = asked(maker(), new()), checker()
    approvals.approve(approval=made.pk, by=bea)
    with pytest.raises(DatabaseError, match="decided once"), transaction.atomic():
        Approval.objects.filter(pk=made.pk).update(status="rejected")
    fields: dict[str, Any] = {"requester": bea, "difference": b"{}", "created_at": clock.now()}
    for wrong in ({"payload_hash": b"x" * 32}, {"status": "executed", "payload_hash": payloads.digest(NOTE, b"{}")}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Approval.objects.create(
                **{"command": NOTE, "key": new(), "payload": b"{}", "expires_at": made.expires_at, **fields, **wrong}
            )
