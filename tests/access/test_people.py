"""Users: who may change whom, and who is deactivated by himself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from qenex.access import approvals, factorreset, lockout, people, rolechange
from qenex.access.approvals import ApprovalRequired
from qenex.access.models import Approval, Ended, Failures, Person, StaffSession
from qenex.access.people import Conflict, LastSuperuser, NotYours
from qenex.kernel import clock, context
from qenex.kernel.context import Context
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.support.approvals import policy
from tests.support.marked import marked
from tests.support.people import make_user, staff_client, with_app, with_password

LONG_AGO = timedelta(days=people.IDLE_DAYS, minutes=1)


@contextmanager
def acting(user: User) -> Iterator[None]:
    with context.acting(Context(actor_id=user.pk, actor=user.username, method="session")):
        yield


@pytest.fixture
def admin(database: None) -> User:
    """An administrator, who is no superuser."""
    return make_user(roles=("administrator",))


@pytest.fixture
def boss(database: None) -> User:
    """A superuser."""
    return make_user(superuser=True)


def _last(user: User, what: str) -> dict[str, Any]:
    event = Event.objects.filter(subject_type="user", subject_id=str(user.pk), type=f"access.user.{what}").latest("id")
    body: dict[str, Any] = json.loads(bytes(event.body))
    return body


def _revealed(user: User, what: str) -> dict[str, Any]:
    event = Event.objects.filter(subject_type="user", subject_id=str(user.pk), type=f"access.user.{what}").latest("id")
    return reveal(event.body).body


def test_names_do_not_wait_for_a_second_person_in_clear(admin: User) -> None:
    user = make_user(is_staff=False)
    fields = {"is_staff": True, "first_name": "Clara"}
    with policy(people.PROMOTE), acting(admin), pytest.raises(people.PersonError, match="Change names"):
        people.user_change(user=user, fields=fields)
    user.refresh_from_db()
    assert (user.is_staff, user.first_name) == (False, "")


def test_a_change_is_recorded_with_what_was_before(admin: User) -> None:
    user = make_user(first_name="Old")
    with acting(admin):
        people.user_change(user=user, fields={"first_name": "New", "last_name": ""})
        people.user_change(user=user, fields={"first_name": "New"})
    assert _last(user, "changed")["changes"] == {}
    assert _revealed(user, "changed")["changes"] == {"first_name": {"before": "Old", "after": "New"}}
    events = Event.objects.filter(subject_type="user", subject_id=str(user.pk), type="access.user.changed")
    assert events.count() == 1
    with pytest.raises(ValueError, match="password"):
        people.user_change(user=user, fields={"password": "x"})


@pytest.mark.parametrize("field", ["is_active", "is_staff", "is_superuser"])
def test_who_loses_a_right_is_signed_out(boss: User, field: str) -> None:
    user = make_user(superuser=True)
    client = staff_client(user)
    with acting(boss):
        people.user_change(user=user, fields={field: False})
    assert StaffSession.objects.get(user=user).ended_reason == Ended.DEACTIVATED
    assert client.get("/admin/").status_code == 302


def test_only_superusers_have_a_hand_in_superusers(admin: User, boss: User) -> None:
    user = make_user()
    with acting(admin):
        for act in (
            lambda: people.user_change(user=boss, fields={"is_active": False}),
            lambda: people.user_change(user=user, fields={"is_superuser": True}),
            lambda: people.user_create(user=User(username="x", is_superuser=True)),
            lambda: factorreset.execute(factorreset.payload(boss)),
            lambda: people.roles_change(user=boss, names=["teller"]),
            lambda: people.check_mine(boss),
        ):
            with pytest.raises(NotYours):
                act()
    user.refresh_from_db()
    boss.refresh_from_db()
    assert (user.is_superuser, boss.is_active) == (False, True)


def test_the_last_superuser_stays(boss: User) -> None:
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=boss.pk)
    kept = list(others.values_list("pk", flat=True))
    with marked():
        others.update(is_active=False)
    try:
        for field in ("is_active", "is_superuser"):
            with pytest.raises(LastSuperuser), acting(boss):
                people.user_change(user=boss, fields={field: False})
        with pytest.raises(LastSuperuser):
            people.user_deactivate(user=boss)
    finally:
        with marked():
            User.objects.filter(pk__in=kept).update(is_active=True)
    boss.refresh_from_db()
    assert (boss.is_active, boss.is_superuser) == (True, True)


def test_roles_that_stay_apart_are_not_given_together(admin: User) -> None:
    user = make_user()
    with acting(admin):
        with pytest.raises(Conflict, match="auditor and teller"):
            people.roles_change(user=user, names=["teller", "auditor"])
        people.roles_change(user=user, names=["teller"])
        with pytest.raises(Group.DoesNotExist):
            people.roles_change(user=user, names=["wizard"])
        with pytest.raises(NotYours, match="himself"):
            people.roles_change(user=admin, names=["teller"])
    assert [each.name for each in user.groups.all()] == ["teller"]
    assert _last(user, "roles_changed")["changes"] == {"roles": {"before": [], "after": ["teller"]}}


def test_a_policy_asks_for_a_second_person(admin: User) -> None:
    user = make_user()
    asked = rolechange.payload(user, ["teller"])
    checker = make_user(roles=("administrator",))
    with policy(rolechange.NAME):
        with acting(admin), pytest.raises(ApprovalRequired):
            rolechange.execute(asked)
        page = staff_client(admin).post(f"/admin/auth/user/{user.pk}/roles/", {"roles": ["teller"], "reason": "new"})
        approval = Approval.objects.get(command=rolechange.NAME, requester=admin)
        assert page["Location"] == f"/admin/access/approval/{approval.pk}/change/"
        assert not user.groups.exists()
        with acting(checker):
            approvals.approve(approval=approval.pk, by=checker)
    assert [each.name for each in user.groups.all()] == ["teller"]


def test_a_policy_asks_for_a_second_person_before_second_factors_go(admin: User) -> None:
    user, checker = make_user(), make_user(roles=("administrator",))
    app = with_app(user)
    with policy(factorreset.NAME):
        page = staff_client(admin).post(f"/admin/auth/user/{user.pk}/second-factors/", {"reason": "a lost telephone"})
        approval = Approval.objects.get(command=factorreset.NAME, requester=admin)
        assert page["Location"] == f"/admin/access/approval/{approval.pk}/change/"
        told = factorreset.describe(json.loads(bytes(approval.payload)))
        assert told.changes == [("Second factors", "1", "none")]
        assert type(app).objects.filter(pk=app.pk).exists()
        with acting(checker):
            approvals.approve(approval=approval.pk, by=checker)
    assert not type(app).objects.filter(pk=app.pk).exists()


def test_factors_that_were_changed_meanwhile_are_not_removed(admin: User) -> None:
    user = make_user()
    asked = factorreset.payload(user)
    app = with_app(user)
    with acting(admin), pytest.raises(people.PersonError, match="meanwhile"):
        factorreset.execute(asked)
    assert type(app).objects.filter(pk=app.pk).exists()


def test_a_role_change_that_was_overtaken_is_refused(admin: User) -> None:
    user = make_user()
    asked = rolechange.payload(user, ["teller"])
    with marked():
        user.groups.add(Group.objects.get(name="operations"))
    with acting(admin), pytest.raises(people.PersonError, match="meanwhile"):
        rolechange.execute(asked)
    assert rolechange.describe(rolechange.payload(user, [])).changes == [("Roles", "operations", "none")]


@pytest.fixture
def quiet(database: None) -> None:
    """Nobody else is idle, whatever other tests have left."""
    with marked():
        User.objects.filter(date_joined__lt=clock.now() - LONG_AGO).update(is_active=False)


def _idle(**fields: Any) -> User:
    return make_user(date_joined=clock.now() - LONG_AGO, **fields)


def test_whoever_has_not_signed_in_for_ninety_days_is_deactivated(quiet: None, boss: User) -> None:
    never, long_ago = _idle(), _idle(last_login=clock.now() - LONG_AGO)
    lately = _idle(last_login=clock.now() - timedelta(days=89))
    by_word, in_session = _idle(), _idle()
    with marked():
        Person.objects.create(user=by_word, active_since=clock.now())
    staff_client(in_session)
    User.objects.filter(pk=in_session.pk).update(last_login=None)
    people.users_deactivate_idle()
    active = {
        each.pk: User.objects.get(pk=each.pk).is_active for each in (never, long_ago, lately, by_word, in_session)
    }
    assert list(active.values()) == [False, False, True, True, True]
    assert _last(never, "deactivated")["data"] == {"user": never.username, "idle_days": 90}
    assert _last(never, "deactivated")["actor"]["name"] == "system"
    assert people.users_deactivate_idle() == 0


def test_whoever_is_made_active_again_stays_so(quiet: None, boss: User) -> None:
    user = _idle()
    people.users_deactivate_idle()
    with acting(boss):
        people.user_change(user=user, fields={"is_active": True})
    people.users_deactivate_idle()
    user.refresh_from_db()
    assert user.is_active


def test_an_administrators_day(admin: User) -> None:
    client = staff_client(admin)
    name = f"new-{make_user().username}"
    typed = {"username": name, "password1": "zebra crossing 77", "password2": "zebra crossing 77"}
    assert client.post("/admin/auth/user/add/", typed).status_code == 302
    user = User.objects.get(username=name)
    assert Person.objects.get(user=user).password_due
    base = f"/admin/auth/user/{user.pk}"
    books = {"book_scopes-TOTAL_FORMS": "0", "book_scopes-INITIAL_FORMS": "0"}
    fields = {"username": name, "first_name": "Ada", "is_active": "on", "is_staff": "on", "is_superuser": "on", **books}
    assert client.post(f"{base}/change/", fields).status_code == 302
    user.refresh_from_db()
    assert (user.first_name, user.is_staff, user.is_superuser) == ("Ada", True, False)
    assert client.post(f"{base}/roles/", {"roles": ["teller", "operations"], "reason": "hired"}).status_code == 302
    with_app(with_password(user))
    other = staff_client(user)
    page = client.post(f"{base}/second-factors/", {"reason": "lost the phone"}, follow=True)
    assert "The second factors were removed." in page.text
    assert other.get("/admin/").status_code == 302
    staff_client(user)
    page = client.post(f"{base}/sessions/", {"reason": "left early"}, follow=True)
    assert "One session was ended." in page.text
    new = {"new_password1": "zebra crossing 78", "new_password2": "zebra crossing 78", "reason": "forgot it"}
    assert client.post(f"{base}/password/", new).status_code == 302
    user.refresh_from_db()
    assert user.check_password("zebra crossing 78")
    reasons = [
        json.loads(bytes(each.body))["reason"]
        for each in Event.objects.filter(subject_type="user", subject_id=str(user.pk)).order_by("id")
    ]
    assert {"hired", "lost the phone", "left early", "forgot it"} <= set(reasons)
    assert client.post(f"{base}/roles/", {"roles": ["teller"], "reason": ""}).status_code == 200
    assert user.groups.count() == 2


def test_an_administrator_is_refused_by_the_pages_of_a_superuser(admin: User, boss: User) -> None:
    client = staff_client(admin)
    base = f"/admin/auth/user/{boss.pk}"
    new = {"new_password1": "zebra crossing 78", "new_password2": "zebra crossing 78", "reason": "x"}
    for path, data in (("password", new), ("second-factors", {"reason": "x"}), ("roles", {"reason": "x"})):
        page = client.post(f"{base}/{path}/", data)
        assert (page.status_code, "Only a superuser may do this" in page.text) == (200, True), path
    before = boss.username
    books = {"book_scopes-TOTAL_FORMS": "0", "book_scopes-INITIAL_FORMS": "0"}
    client.post(f"{base}/change/", {"username": "stolen", **books})
    boss.refresh_from_db()
    assert (boss.username, boss.is_active) == (before, True)


def test_nobody_is_deleted(boss: User) -> None:
    user = make_user()
    assert staff_client(boss).post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


def test_sessions_and_failures_are_listed_ended_and_lifted(admin: User) -> None:
    user, here = make_user(), "2001:db8:77::1"
    other, client = staff_client(user), staff_client(admin)
    session = StaffSession.objects.get(user=user)
    assert f"/admin/access/staffsession/{session.pk}/end/" in client.get("/admin/access/staffsession/").text
    page = client.post(f"/admin/access/staffsession/{session.pk}/end/", {"reason": "unknown place"}, follow=True)
    assert "The session was ended." in page.text
    assert other.get("/admin/").status_code == 302
    for _ in range(lockout.LIMIT):
        lockout.failed(lockout.Client(user.username, here), stage="password")
    row = Failures.objects.get(ip_address=here)
    listed = client.get("/admin/access/failures/").text
    assert here in listed
    assert f"/admin/access/failures/{row.pk}/lift/" in listed
    assert client.post(f"/admin/access/failures/{row.pk}/lift/", {"reason": "it was him"}).status_code == 302
    assert lockout.locked(lockout.Client(user.username, here)) is None
    assert client.get(f"/admin/access/failures/{row.pk}/lift/").status_code == 404
