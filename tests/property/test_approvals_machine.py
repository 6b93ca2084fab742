"""Whatever anybody does in whatever order: nobody decides about his own, nothing is done twice, no payload changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from qenex.access import approvals
from qenex.access.approvals import payload as payloads
from qenex.access.models import Approval
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from qenex.kernel.versions import Stale
from tests.kernel.conftest import make_user
from tests.support.approvals import CHECKER, DOER, NOTE, Broken, by, notes, policy

WHO = st.integers(0, 3)
WHICH = st.integers(0, 9)
TEXTS = st.sampled_from(["hello", "refused", "broken"])
NO = (approvals.ApprovalError, Stale)


class ApprovalsMachine(RuleBasedStateMachine):
    """Four people: a superuser, two who may ask and decide, and one who may only ask."""

    def __init__(self) -> None:
        super().__init__()
        self.people: list[User] = [
            make_user(is_superuser=True),
            make_user(*CHECKER),
            make_user(*CHECKER),
            make_user(DOER),
        ]
        self.asked: list[tuple[Approval, bytes]] = []
        self.later = timedelta(0)

    def pick(self, which: int) -> Approval | None:
        return self.asked[which % len(self.asked)][0] if self.asked else None

    def attempt(self, act: Any) -> None:
        try:
            with clock.frozen(clock.now() + self.later):
                act()
        except (*NO, Broken):
            return

    @rule(who=WHO, text=TEXTS)
    def ask(self, who: int, text: str) -> None:
        id = uuid7().hex
        with by(self.people[who]), clock.frozen(clock.now() + self.later):
            made = approvals.request(command=NOTE, payload={"id": id, "text": text}, key=id)
        self.asked.append((made, bytes(made.payload)))

    @rule(who=WHO, which=WHICH, version=st.sampled_from([None, 1, 2]))
    def approve(self, who: int, which: int, version: int | None) -> None:
        if made := self.pick(which):
            self.attempt(lambda: approvals.approve(approval=made.pk, by=self.people[who], version=version))

    @rule(who=WHO, which=WHICH)
    def reject(self, who: int, which: int) -> None:
        if made := self.pick(which):
            self.attempt(lambda: approvals.reject(approval=made.pk, by=self.people[who], comment="no"))

    @rule(who=WHO, which=WHICH)
    def withdraw(self, who: int, which: int) -> None:
        if made := self.pick(which):
            self.attempt(lambda: approvals.withdraw(approval=made.pk, by=self.people[who]))

    @rule(hours=st.integers(1, 48))
    def time_passes(self, hours: int) -> None:
        self.later += timedelta(hours=hours)

    @invariant()
    def what_must_hold_holds(self) -> None:
        for made, stored in self.asked:
            row = Approval.objects.get(pk=made.pk)
            assert (bytes(row.payload), row.requester_id) == (stored, made.requester_id)
            assert bytes(row.payload_hash) == payloads.digest(NOTE, stored)
            assert row.approver_id != row.requester_id
            assert row.approver_id != self.people[3].pk
            assert notes(row.key) == int(row.status == "executed")
            text = payloads.decode(stored)["text"]
            assert row.status in {"hello": _ENDS - {"failed"}, "refused": _ENDS - {"executed"}, "broken": _UNDONE}[text]


_UNDONE = {"pending", "rejected", "withdrawn", "expired"}
_ENDS = _UNDONE | {"executed", "failed"}


@pytest.mark.usefixtures("database")
def test_any_sequence_of_acts_by_any_people() -> None:
    with policy():
        run_state_machine_as_test(
            ApprovalsMachine,
            settings=settings(
                max_examples=20,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                derandomize=True,
                database=None,
            ),
        )
