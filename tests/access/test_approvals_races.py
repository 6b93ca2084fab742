"""Whoever is at it at the same moment, and whatever dies on the way: a request is carried out once or not at all."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from ledger.approvals import submissions
from qenex.access import approvals
from qenex.access.approvals import execution, services
from qenex.access.models import Approval
from qenex.embedded.guard import PROJECT
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from tests.ledger.api.conftest import EVERYTHING, staff
from tests.support.approvals import asked, by, checker, events_of, maker, notes
from tests.support.ledger import give, make_shop, posted, recount
from tests.support.threads import together

pytestmark = pytest.mark.usefixtures("database")
SAID_NO = (approvals.Decided, approvals.Expired, approvals.NotAllowed)


def outcome(act: Callable[[], Any]) -> str:
    """What became of it, or which error it was."""
    try:
        return str(act().status)
    except SAID_NO as error:
        return type(error).__name__


def ended(approval: Approval) -> list[str]:
    return [what for what, _ in events_of(approval.pk)]


@pytest.mark.smoke
def test_of_many_checkers_one_carries_it_out() -> None:
    for _ in range(4):
        made = asked(maker(), id := uuid7().hex)
        people = [checker() for _ in range(4)]
        told = together(4, lambda number: outcome(lambda: approvals.approve(approval=made.pk, by=people[number])))  # noqa: B023  # run at once
        assert sorted(told) == ["Decided", "Decided", "Decided", "executed"]
        assert (notes(id), ended(made)) == (1, ["requested", "executed"])


def test_one_checker_who_clicks_twice_gets_the_same_answer_twice() -> None:
    made, bea = asked(maker(), id := uuid7().hex), checker()
    told = together(3, lambda number: outcome(lambda: approvals.approve(approval=made.pk, by=bea, version=1)))
    assert (told, notes(id)) == (["executed"] * 3, 1)


def test_money_moves_once_however_many_approve_at_once() -> None:
    shop, ann = make_shop(2, funds="100"), staff(EVERYTHING)
    needed = submissions.needed(shop.book.pk, [give(*shop.pair, 10)], None)
    with by(ann):
        made = approvals.request(command=needed.command, payload=needed.payload, book=needed.book, key=needed.key)
    people = [staff([*EVERYTHING, "access.check_approval"]) for _ in range(3)]
    told = together(3, lambda number: outcome(lambda: approvals.approve(approval=made.pk, by=people[number])))
    assert sorted(told) == ["Decided", "Decided", "executed"]
    assert (posted(shop.customers[0]), recount(shop.book)) == (90, {})


@pytest.mark.parametrize("other", ["withdraw", "reject", "expire"])
def test_of_two_ends_one_comes_true(other: str) -> None:
    for _ in range(4):
        ann, bea = maker(), checker()
        made = asked(ann, id := uuid7().hex)

        def end(number: int, made: Approval = made, ann: User = ann, bea: User = bea) -> str:
            if number == 0:
                return outcome(lambda: approvals.approve(approval=made.pk, by=bea))
            if other == "withdraw":
                return outcome(lambda: approvals.withdraw(approval=made.pk, by=ann))
            if other == "reject":
                return outcome(lambda: approvals.reject(approval=made.pk, by=checker(), comment="no"))
            with clock.frozen(made.expires_at + timedelta(seconds=1)):
                return "expired" if services.expire(made.pk) else "Decided"

        told = together(2, end)
        assert sum(each in ("Decided", "Expired") for each in told) == 1
        status = Approval.objects.get(pk=made.pk).status
        assert status in told
        assert notes(id) == int(status == "executed")
        assert ended(made) == ["requested", status]


@pytest.mark.parametrize(
    ("point", "done"), [("before marking", False), ("before the commit", False), ("after the commit", True)]
)
def test_a_process_that_dies_leaves_it_done_or_undone_and_never_half_done(point: str, done: bool) -> None:
    made, bea = asked(maker(), id := uuid7().hex), checker()
    command = [sys.executable, "-m", "tests.access.dying", point, str(made.pk), str(bea.pk)]
    died = subprocess.run(command, cwd=PROJECT, env=os.environ, capture_output=True, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    status = Approval.objects.get(pk=made.pk).status
    assert (status, notes(id)) == (("executed", 1) if done else ("pending", 0))
    again = approvals.approve(approval=made.pk, by=bea)  # whoever lost the answer asks again
    assert (again.status, notes(id), ended(made)) == ("executed", 1, ["requested", "executed"])


def test_a_commit_whose_answer_was_lost_is_found_to_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made, bea = asked(maker(), id := uuid7().hex), checker()
    lost: list[str] = []
    commit, decide = connection._commit, services.decide  # type: ignore[attr-defined]  # Django's own

    def armed(*args: Any, **kwargs: Any) -> Approval:
        if not lost:
            lost.append("armed")
        return decide(*args, **kwargs)

    def lose() -> None:
        commit()
        if lost == ["armed"]:
            lost.append("lost")
            raise OperationalError("the connection is gone")

    monkeypatch.setattr(execution, "decide", armed)
    monkeypatch.setattr(connection, "_commit", lose)
    done = approvals.approve(approval=made.pk, by=bea)
    assert (lost, done.status, notes(id)) == (["armed", "lost"], "executed", 1)
    assert ended(made) == ["requested", "executed"]
