"""What needs a second person is itself a command, which may need one."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from qenex.access import approvals
from qenex.access.approvals.policies import CHANGE, Terms, policy_set
from qenex.access.models import Approval, ApprovalPolicy
from qenex.kernel.models import Event
from qenex.kernel.problems import Problem
from qenex.kernel.versions import Stale
from tests.kernel.conftest import make_user
from tests.support.approvals import NOTE, by, policy

pytestmark = pytest.mark.usefixtures("database")
ADMIN = ("access.change_approvalpolicy", "access.check_approval")


def test_policies_ship_switched_off() -> None:
    shipped = set(ApprovalPolicy.objects.filter(active=False, above=None).values_list("command", flat=True))
    assert {"ledger.journal.reverse", "ledger.hold.post", "access.role.change", CHANGE} <= shipped
    assert not ApprovalPolicy.objects.filter(active=True).exists()


def test_alone_one_makes_and_changes_a_policy() -> None:
    with by(make_user(*ADMIN)):
        made = policy_set(terms=Terms(NOTE, active=False))
        changed = policy_set(policy=made.pk, terms=Terms(NOTE, active=False, permission="kernel.view_event"), version=1)
    assert (changed.version, changed.permission) == (2, "kernel.view_event")
    first, second = Event.objects.filter(subject_id=str(made.pk)).order_by("recorded_at", "id")
    assert (first.type, second.type) == ("access.policy.changed", "access.policy.changed")
    assert b'"changes":{"permission":{"after":"kernel.view_event","before":""}}' in bytes(second.body)


def test_once_a_policy_says_so_its_change_takes_two_people() -> None:
    ann, bea = make_user(*ADMIN), make_user(*ADMIN)
    terms = Terms(NOTE, active=False, expires_after=timedelta(hours=9))
    with policy(CHANGE) as own, by(ann):
        with pytest.raises(approvals.ApprovalRequired) as caught:
            policy_set(terms=terms)
        with pytest.raises(approvals.ApprovalRequired) as switching_off:
            policy_set(policy=own.pk, terms=Terms(CHANGE, active=False), version=1)
        needed, other = caught.value, switching_off.value
        made = approvals.request(command=needed.command, payload=needed.payload)
        off = approvals.request(command=other.command, payload=other.payload)
        assert b'["active","yes","no"]' in bytes(off.difference)
        with pytest.raises(approvals.OwnRequest):
            approvals.approve(approval=made.pk, by=ann)
        with by(bea):
            done = approvals.approve(approval=made.pk, by=bea)
        row = ApprovalPolicy.objects.get(pk=done.result)
        assert (row.command, row.active, row.expires_after) == (NOTE, False, timedelta(hours=9))
        assert approvals.approve(approval=off.pk, by=bea).status == "executed"
        assert not ApprovalPolicy.objects.get(pk=own.pk).active


def test_a_policy_that_was_changed_meanwhile_is_not_overwritten() -> None:
    ann, bea = make_user(*ADMIN), make_user(*ADMIN)
    with policy(active=False) as row, by(ann):
        payload = {"policy": str(row.pk), "version": 1, "terms": Terms(NOTE, active=False).document()}
        made = approvals.request(command=CHANGE, payload=payload)
        policy_set(policy=row.pk, terms=Terms(NOTE, active=False, permission="kernel.view_event"), version=1)
        done = approvals.approve(approval=made.pk, by=bea)
        assert (done.status, done.code) == ("failed", "precondition_failed")
        with pytest.raises(Stale):
            policy_set(policy=row.pk, terms=Terms(NOTE, active=False), version=1)
        assert ApprovalPolicy.objects.get(pk=row.pk).permission == "kernel.view_event"
        with pytest.raises(Stale):
            approvals.request(command=CHANGE, payload=payload)
    assert Approval.objects.filter(requester=ann).count() == 1


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms("test.nothing"), "command"),
        (Terms(NOTE, above=Decimal(1), asset=uuid4()), "above"),
        (Terms(NOTE, above=Decimal(1)), "above"),
        (Terms(NOTE, asset=uuid4()), "above"),
        (Terms(NOTE, above=Decimal(-1), asset=uuid4()), "above"),
        (Terms(NOTE, permission="nothing"), "permission"),
        (Terms(NOTE, permission="access.nothing"), "permission"),
        (Terms(NOTE, expires_after=timedelta(0)), "expires_after"),
        (Terms(NOTE, expires_after=timedelta(days=91)), "expires_after"),
    ],
)
def test_terms_that_make_no_sense_are_named(terms: Terms, field: str) -> None:
    with by(make_user(*ADMIN)), pytest.raises(Problem) as caught:
        policy_set(terms=terms)
    assert f"#/{field}" in [fault.pointer for fault in caught.value.faults]


def test_a_policy_that_is_not_there_is_not_changed() -> None:
    with by(make_user(*ADMIN)), pytest.raises(Problem) as caught:
        policy_set(policy=uuid4(), terms=Terms(NOTE, active=False))
    assert caught.value.kind.code == "not_found"


def test_terms_survive_being_stored() -> None:
    terms = Terms(NOTE, uuid4(), uuid4(), Decimal("10000.50"), "kernel.view_event", timedelta(hours=1), False)
    document = terms.document() | {"book": str(terms.book), "asset": str(terms.asset)}
    assert Terms.read(document) == terms
    assert document["above"] == "10000.5"
