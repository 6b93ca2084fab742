"""What somebody gains may take two people; what somebody loses is lost at once."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from qenex.access import approvals, people, scopes
from qenex.access.groups import group_set, permissions_of
from qenex.access.models import Approval
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.support.approvals import by, policy
from tests.support.ledger import make_book
from tests.support.people import make_user, staff_client

pytestmark = pytest.mark.usefixtures("database")
ADMIN = (
    *("auth.change_user", "auth.view_user", "auth.add_group", "auth.change_group", "auth.view_group"),
    "access.change_bookscope",
)
ROLES = "access.role.change"
BOOK, EVENT, PAY = "ledger.view_book", "kernel.view_event", "ledger.post_transfer"


@pytest.fixture
def clerk(database: None) -> User:
    return make_user(roles=("teller",))


@pytest.fixture
def adam(database: None) -> User:
    make_user(superuser=True)  # there is always one
    return make_user(permissions=ADMIN)


@pytest.fixture
def eve(database: None) -> User:
    return make_user(permissions=(*ADMIN, "access.check_approval"))


def asking(command: Any, **arguments: Any) -> Approval:
    """What a service asks for, as a request."""
    with pytest.raises(approvals.ApprovalRequired) as caught:
        command(**arguments)
    needed = caught.value
    return approvals.request(command=needed.command, payload=needed.payload)


def flags(user: User) -> tuple[bool, bool, bool]:
    now = User.objects.get(pk=user.pk)
    return now.is_active, now.is_staff, now.is_superuser


@pytest.mark.parametrize("command", [ROLES, people.PROMOTE])
def test_to_become_staff_takes_two_and_to_end_being_it_one(command: str, adam: User, eve: User) -> None:
    clerk = make_user(is_staff=False)
    with policy(command), by(adam):
        made = asking(people.user_change, user=clerk, fields={"is_staff": True})
        assert flags(clerk) == (True, False, False)
        with pytest.raises(approvals.OwnRequest):
            approvals.approve(approval=made.pk, by=adam)
        assert approvals.approve(approval=made.pk, by=eve).status == "executed"
        assert flags(clerk) == (True, True, False)
        people.user_change(user=clerk, fields={"is_active": False, "is_staff": False})
        assert flags(clerk) == (False, False, False)
        people.user_change(user=clerk, fields={"first_name": "Anna"})
        asking(people.user_change, user=clerk, fields={"is_active": True})
    assert flags(clerk) == (False, False, False)


def test_nobody_becomes_a_superuser_because_two_administrators_want_it(clerk: User, adam: User, eve: User) -> None:
    with by(adam), pytest.raises(people.NotYours):
        people.user_change(user=clerk, fields={"is_superuser": True})
    payload = {"user": clerk.pk, "fields": {"is_superuser": True}}
    with by(adam):
        made = approvals.request(command=people.PROMOTE, payload=payload)
        done = approvals.approve(approval=made.pk, by=eve)
    assert (done.status, done.code, flags(clerk)) == ("failed", "permission_denied", (True, True, False))


def test_a_role_that_gains_takes_two_and_one_that_loses_does_not(adam: User, eve: User) -> None:
    name = f"clerks {uuid7()}"
    with policy(ROLES), by(adam):
        made = asking(group_set, group=None, name=name, permissions=[BOOK, EVENT])
        assert not Group.objects.filter(name=name).exists()
        assert b'["permission","","kernel.view_event"]' in bytes(made.difference)
        assert approvals.approve(approval=made.pk, by=eve).status == "executed"
        group = Group.objects.get(name=name)
        group_set(group=group.pk, name=name, permissions=[EVENT], seen=[EVENT, BOOK])
        asking(group_set, group=group.pk, name=name, permissions=[EVENT, PAY], seen=[EVENT])
    assert permissions_of(group.permissions) == (EVENT,)
    types = Event.objects.filter(subject_type="role", subject_id=str(group.pk)).values_list("type", flat=True)
    assert sorted(types) == ["access.role.changed", "access.role.created"]


def test_a_role_that_was_changed_meanwhile_is_not_changed_by_an_older_request(adam: User, eve: User) -> None:
    name = f"clerks {uuid7()}"
    with by(adam):
        group = group_set(group=None, name=name, permissions=[BOOK])
        with policy(ROLES):
            made = asking(group_set, group=group.pk, name=name, permissions=[BOOK, PAY], seen=[BOOK])
            group_set(group=group.pk, name=name, permissions=[], seen=[BOOK])
            done = approvals.approve(approval=made.pk, by=eve)
    assert (done.status, done.detail) == ("failed", "What the role may do was changed meanwhile.")
    assert permissions_of(group.permissions) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"group": 999_999_999},
        {"name": "teller"},
        {"name": " "},
        {"name": "y" * 151},
        {"permissions": ["a.b"]},
        {"seen": [BOOK]},
    ],
)
def test_a_role_that_makes_no_sense_is_refused(adam: User, wrong: dict[str, Any]) -> None:
    name = f"clerks {uuid7()}"
    with by(adam), pytest.raises(people.PersonError):
        group_set(**{"group": None, "name": name, "permissions": [], **wrong})
    assert not Group.objects.filter(name=name).exists()


def test_more_books_in_reach_take_two_and_fewer_do_not(clerk: User, adam: User, eve: User) -> None:
    one, two = make_book().pk, make_book().pk
    with policy(ROLES), by(adam):
        scopes.scope_set(user=clerk, books=[one])
        asking(scopes.scope_set, user=clerk, books=[one, two])
        made = asking(scopes.scope_set, user=clerk, books=None)
        assert scopes.books_of_id(clerk.pk) == frozenset({one})
        assert approvals.approve(approval=made.pk, by=eve).status == "executed"
    assert scopes.books_of_id(clerk.pk) is None


# --- the pages


def test_a_role_is_made_and_changed_on_its_page(adam: User) -> None:
    browser, name = staff_client(adam), f"clerks {uuid7()}"
    browser.post("/admin/auth/group/add/", {"name": name, "permissions": [BOOK], "reason": "x"})
    group = Group.objects.get(name=name)
    url = f"/admin/auth/group/{group.pk}/change/"
    assert f'name="seen" value="{BOOK}"' in browser.get(url).content.decode()
    browser.post(url, {"name": name, "permissions": [EVENT], "seen": "", "reason": "x"})
    assert permissions_of(group.permissions) == (BOOK,)
    browser.post(url, {"name": name, "permissions": [EVENT], "seen": BOOK, "reason": "x"})
    assert permissions_of(group.permissions) == (EVENT,)
    assert browser.get("/admin/auth/group/999999999/change/").status_code == 404


def test_the_pages_ask_for_the_second_person(adam: User) -> None:
    browser, name, clerk = staff_client(adam), f"clerks {uuid7()}", make_user(is_staff=False)
    with policy(ROLES):
        assert "A second person must approve this" in browser.get("/admin/auth/group/add/").content.decode()
        answer = browser.post("/admin/auth/group/add/", {"name": name, "permissions": [BOOK], "reason": "why not"})
        made = Approval.objects.get(requester=adam)
        assert (answer["Location"], made.reason) == (f"/admin/access/approval/{made.pk}/change/", "why not")
        url = f"/admin/auth/user/{clerk.pk}/change/"
        form = {"username": clerk.username, "is_active": "on", "is_staff": "on"}
        counts = re.findall(r'name="([a-z_]+-(?:TOTAL|INITIAL)_FORMS)"', browser.get(url).content.decode())
        answer = browser.post(url, form | dict.fromkeys(counts, "0"))
        assert answer["Location"].startswith("/admin/access/approval/")
    assert not Group.objects.filter(name=name).exists()
    assert flags(clerk) == (True, False, False)


def test_the_pages_are_for_those_who_may_with_a_fresh_second_factor(adam: User) -> None:
    looker, teller = staff_client(make_user(permissions=("auth.view_group",))), Group.objects.get(name="teller")
    assert looker.get(f"/admin/auth/group/{teller.pk}/change/").status_code == 200
    assert looker.post(f"/admin/auth/group/{teller.pk}/change/", {}).status_code == 403
    assert looker.get("/admin/auth/group/add/").status_code == 403
    stale, before = staff_client(adam, stepped_up=False), permissions_of(teller.permissions)
    answer = stale.post(f"/admin/auth/group/{teller.pk}/change/", {"name": "teller", "reason": "x"})
    assert (answer.status_code, "next=" in answer["Location"]) == (302, True)
    assert permissions_of(teller.permissions) == before
