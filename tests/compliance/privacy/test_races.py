"""A hold and an erasure at the same moment: one of them is refused, whichever comes second."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from compliance.models import LegalHold
from compliance.privacy.errors import PrivacyError
from compliance.privacy.holds import hold_place
from qenex.access import approvals
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.support.privacy import ask, by, leaver, officer, subject, trace

pytestmark = pytest.mark.usefixtures("database", "erased_file")
ROUNDS = 4


def at_once(*calls: Any) -> list[Any]:
    """What becomes of calls that begin together, each in a thread and connection of its own."""
    barrier = Barrier(len(calls))

    def run(call: Any) -> Any:
        barrier.wait()
        try:
            return call()
        except PrivacyError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def approve(approval: Any, second: User) -> str:
    with by(second):
        return str(approvals.approve(approval=approval.pk, by=second).status)


def place(user: User) -> LegalHold:
    with by(officer()):
        return hold_place(subject=user, reason="case 6/26")


def test_nothing_is_both_held_and_erased() -> None:
    for _ in range(ROUNDS):
        user, second = leaver(), officer()
        event = trace(user)
        asked = ask(user, officer())
        status, hold = at_once(partial(approve, asked, second), partial(place, user))
        erased = bool(reveal(event.body).erased)
        held = LegalHold.objects.filter(subject=subject(user), lifted_at=None).exists()
        assert (erased, held) == (status == "executed", isinstance(hold, LegalHold))
        assert erased is not held


def test_two_approvals_of_one_erasure_erase_once() -> None:
    user = leaver()
    number = Event.objects.filter(type="compliance.subject.erased").count()
    requests = [ask(user, one) for one in (officer(), officer())]
    seconds = [officer(), officer()]
    found = at_once(*(partial(approve, each, second) for each, second in zip(requests, seconds, strict=True)))
    assert sorted(found) == ["executed", "failed"]
    assert Event.objects.filter(type="compliance.subject.erased").count() == number + 1
