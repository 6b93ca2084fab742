"""Commands, policies and people for tests of approvals."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from qenex.access import approvals
from qenex.access.approvals import ApprovalRequired
from qenex.access.approvals.looking import look
from qenex.access.approvals.registry import Difference
from qenex.access.models import Approval, ApprovalPolicy
from qenex.kernel import clock, events, transactions
from qenex.kernel.context import Context, acting
from qenex.kernel.models import Event
from qenex.kernel.problems import Problem, find
from tests.kernel.conftest import make_user
from tests.support.marked import marked

NOTE = "test.note.write"
DOER = "kernel.view_event"
"""The permission that it takes to write a note."""
CHECKER = ("access.check_approval", DOER)


class Broken(Exception):
    """A defect."""


def note_write(*, id: str, text: str) -> str:
    """A service: its only trace is an event. Refuses the text `refused`; breaks down on `broken`."""
    payload = {"id": id, "text": text}

    def work() -> str:
        approvals.demand(NOTE, payload, key=id)
        events.emit("test.note.written", subject_type="note", subject_id=id, data={"text": text})
        if text == "broken":
            raise Broken
        if text == "refused":
            kind = find("invalid")
            assert kind is not None
            raise Problem(kind, "The text is refused.")
        return id

    return transactions.run(work)


@approvals.command(
    NOTE,
    label="Write a note",
    permission=DOER,
    describe=lambda payload: Difference("Writes a note", [("text", "", str(payload["text"]))]),
)
def _write(payload: Mapping[str, Any]) -> None:
    note_write(**payload)


def notes(id: str) -> int:
    """How often a note was written."""
    return Event.objects.filter(type="test.note.written", subject_id=id).count()


@contextmanager
def policy(command: str = NOTE, **fields: Any) -> Iterator[ApprovalPolicy]:
    """A policy that counts within the block."""
    with marked():
        made = ApprovalPolicy.objects.create(
            command=command, created_at=clock.now(), **{"expires_after": timedelta(hours=1), **fields}
        )
    try:
        yield made
    finally:
        with marked():
            ApprovalPolicy.objects.filter(pk=made.pk).delete()


def by(user: User, method: str = "session") -> Any:
    """Acting as this user."""
    return acting(Context(actor_id=user.pk, actor=user.username, method=method, request_id="r-1"))


def maker() -> User:
    """Somebody who may write notes."""
    return make_user(DOER, is_staff=True)


def checker() -> User:
    """Somebody who may decide about notes."""
    return make_user(*CHECKER, is_staff=True)


def asked(user: User, id: str, text: str = "hello") -> Approval:
    """The request of this user to write a note."""
    with by(user):
        return approvals.request(command=NOTE, payload={"id": id, "text": text}, reason="why not", key=id)


def events_of(approval: UUID) -> list[tuple[str, str]]:
    """Type and actor of all that happened to a request."""
    rows = Event.objects.filter(subject_type="approval", subject_id=str(approval)).order_by("recorded_at", "id")
    return [(row.type.removeprefix("access.approval."), row.actor) for row in rows]


def ask(needed: ApprovalRequired) -> Approval:
    """The request that a refusal has asked for."""
    return approvals.request(
        command=needed.command, payload=needed.payload, reason="because", book=needed.book, key=needed.key
    )


def asking(command: Any, **arguments: Any) -> Approval:
    """What a service asks for, as a request."""
    with pytest.raises(ApprovalRequired) as caught:
        command(**arguments)
    return ask(caught.value)


def approve(approval: Approval, checker: User) -> Approval:
    """The request, approved by this user."""
    with by(checker):
        return approvals.approve(approval=approval.pk, by=checker)


def changes(approval: Approval) -> list[list[str]]:
    """The difference that the checker is shown."""
    now = look(approval)
    assert now is not None
    assert now.difference is not None
    return [list(each) for each in now.difference["changes"]]
