"""A policy is switched on only where at least two people could decide, or nothing would be decided any more."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from qenex.access import approvals, scopes
from qenex.access.approvals.policies import CHANGE, Terms, policy_set
from qenex.access.models import ApprovalPolicy
from qenex.kernel.problems import Problem
from tests.kernel.conftest import make_user
from tests.support.approvals import DOER, NOTE, by
from tests.support.ledger import make_shop
from tests.support.marked import marked
from tests.support.people import staff_client
from tests.support.vault import own_database

CHECK = "access.check_approval"
OFFICER = ("access.change_approvalpolicy", CHECK)


@pytest.fixture
def alone(database: None) -> Iterator[User]:
    """The only one who may change policies and decide about it, in a database where nobody else is."""
    with own_database():
        yield make_user(*OFFICER, "access.view_approvalpolicy", "access.add_approvalpolicy", is_staff=True)


def refused(user: User, terms: Terms) -> str:
    """What is said against switching the policy on, by the field `active`; empty where it was switched on."""
    before = list(ApprovalPolicy.objects.order_by("pk").values())
    try:
        with by(user):
            policy_set(terms=terms)
    except Problem as problem:
        assert list(ApprovalPolicy.objects.order_by("pk").values()) == before
        return {fault.pointer: fault.detail or "" for fault in problem.faults}["#/active"]
    return ""


def test_the_change_of_policies_cannot_be_locked_for_ever(alone: User) -> None:
    assert "Fewer than two people could decide about it" in refused(alone, Terms(CHANGE))
    assert "access.change_approvalpolicy" in refused(alone, Terms(CHANGE))
    assert refused(alone, Terms(CHANGE, active=False)) == ""
    make_user(*OFFICER, is_active=False)
    make_user(OFFICER[0])
    make_user(CHECK)
    narrowed = make_user(*OFFICER)
    with by(alone):
        scopes.scope_set(user=narrowed, books=[make_shop(1).book.pk])
    assert refused(alone, Terms(CHANGE)) != ""
    second = make_user(*OFFICER)
    assert refused(alone, Terms(CHANGE)) == ""
    with by(second), pytest.raises(approvals.ApprovalRequired):
        policy_set(terms=Terms(NOTE, active=False))


def test_a_policy_asks_for_its_own_permission(alone: User) -> None:
    for _ in range(2):
        make_user(CHECK, DOER)
    assert refused(alone, Terms(NOTE)) == ""
    assert "kernel.view_cursor" not in refused(alone, Terms(NOTE, permission=DOER))
    assert "auth.view_user" in refused(alone, Terms(NOTE, permission="auth.view_user"))


def test_a_policy_for_roles_counts_for_what_contains_them(alone: User) -> None:
    for _ in range(2):
        make_user(CHECK, "auth.change_user")
    assert "auth.change_group" in refused(alone, Terms("access.role.change"))
    for _ in range(2):
        make_user(CHECK, "auth.change_group", "access.change_bookscope")
    assert refused(alone, Terms("access.role.change")) == ""


def test_superusers_count(alone: User) -> None:
    for _ in range(2):
        make_user(is_superuser=True)
    assert refused(alone, Terms(CHANGE)) == ""


def test_a_policy_that_is_on_stays_on_only_with_two(alone: User) -> None:
    second = make_user(*OFFICER)
    with by(alone):
        made = policy_set(terms=Terms(CHANGE))
    with marked():
        User.objects.filter(pk=second.pk).update(is_active=False)
    with by(alone), pytest.raises(Problem) as caught:
        policy_set(policy=made.pk, terms=Terms(CHANGE, permission=DOER), version=1)
    assert [fault.pointer for fault in caught.value.faults] == ["#/active"]
    assert ApprovalPolicy.objects.get(pk=made.pk).version == 1


def test_the_page_says_it_beside_the_box(alone: User) -> None:
    form = {"command": CHANGE, "hours": "24", "active": "on", "reason": "tidy"}
    page = staff_client(alone).post("/admin/access/approvalpolicy/add/", form)
    assert page.status_code == 200
    assert "Fewer than two people could decide about it" in page.text
    assert not ApprovalPolicy.objects.filter(active=True).exists()
