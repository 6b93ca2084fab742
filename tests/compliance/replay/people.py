"""People and programs to whom everything has happened, all of it by services."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import Group, User

from qenex.access import approvals, groups, passwords, people, scopes
from qenex.access.apikeys import apikey_create
from qenex.access.apikeys import services as apikeys
from qenex.access.approvals import policies
from qenex.access.approvals.services import expire
from qenex.access.mfa import enrolment, totp
from qenex.access.models import ApprovalPolicy
from qenex.kernel import clock
from tests.support.approvals import NOTE, by
from tests.support.ledger import make_book


def make_user(*roles: str, **fields: Any) -> User:
    """Somebody new with these roles."""
    user = User(username=f"u{uuid4().hex}", is_staff=True, **fields)
    user.set_unusable_password()
    people.user_create(user=user)
    if roles:
        people.roles_change(user=user, names=roles)
    return user


def make_role(*permissions: str) -> Group:
    """A new role that may do this."""
    return groups.group_set(group=None, name=f"role-{uuid4().hex}", permissions=permissions)


def with_app(user: User) -> UUID:
    """Sets up an authenticator app, in the place of another one; its id."""
    app = enrolment.app_begin(user=user)
    assert app.secret is not None
    assert enrolment.app_confirm(user=user, code=totp.code_at(app.secret, totp.step_at(clock.now().timestamp())))
    return UUID(str(app.pk))


def make_policy(**terms: Any) -> ApprovalPolicy:
    """A policy that was changed once and is not active."""
    row = policies.policy_set(terms=policies.Terms(NOTE, **terms, active=False))
    after = policies.Terms(NOTE, **terms, permission="kernel.view_event", active=False, expires_after=timedelta(days=1))
    return policies.policy_set(policy=row.pk, terms=after, version=row.version)


def ask(user: User, text: str = "a note") -> UUID:
    """Somebody's request that waits."""
    with by(user):
        made = approvals.request(command=NOTE, payload={"id": uuid4().hex, "text": text}, reason="because")
    return made.pk


class Crowd:
    """Everything there is to happen to people, and one row of each table that comes of it."""

    def __init__(self) -> None:
        maker, checker = make_user("operations"), make_user("operations")
        fields = {"is_active": True, "first_name": "A", "username": f"v{uuid4().hex}"}
        self.user = user = people.user_change(user=make_user("teller", is_active=False), fields=fields)
        people.user_deactivate(user=make_user("auditor"))
        passwords.password_change(user=user, password=f"a long {uuid4().hex}")
        self.role = make_role("ledger.view_book", "ledger.view_asset")
        groups.group_set(
            group=self.role.pk,
            name=f"other-{uuid4().hex}",
            permissions=["ledger.view_hold"],
            seen=["ledger.view_asset", "ledger.view_book"],
        )
        people.roles_change(user=user, names=["teller", Group.objects.get(pk=self.role.pk).name])
        self.book = make_book()
        scopes.scope_set(user=user, books=[self.book.pk, make_book().pk])
        scopes.scope_set(user=user, books=[self.book.pk])
        scopes.scope_set(user=maker, books=None)
        self.policy = make_policy()
        self.approval = ask(maker)
        approvals.approve(approval=self.approval, by=checker, comment="so be it")
        approvals.reject(approval=ask(maker), by=checker, comment="no")
        approvals.withdraw(approval=ask(maker), by=maker)
        ask(maker)
        late = ask(maker)
        with clock.frozen(clock.now() + timedelta(days=4)):
            expire(late)
        self.key = apikey_create(
            owner=user, name="a program", scopes=["ledger.view_book"], cidrs=["192.0.2.0/24"], books=[self.book.pk]
        ).key
        apikeys.apikey_rotate(key=self.key.pk)
        apikeys.apikey_retire(key=self.key.pk)
        apikeys.apikey_revoke(
            key=apikey_create(owner=user, name="b", scopes=["ledger.view_hold"]).key.pk, reason="lost"
        )
        with_app(user)
        self.app = with_app(user)
        enrolment.factors_reset(user=checker)
