"""An example user for each role that ships. Nobody can sign in as one of them until they are given passwords."""

import secrets
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib.auth.models import Group, User

from ledger import services
from ledger.models import Asset
from qenex.access import passwords, people
from qenex.access.roles import ROLES
from qenex.kernel.context import Context
from qenex.kernel.transactions import run

USERS = {
    "clara": ("Clara", "teller"),
    "anton": ("Anton", "operations"),
    "rita": ("Rita", "risk-analyst"),
    "carlo": ("Carlo", "compliance-officer"),
    "tara": ("Tara", "treasurer"),
    "ada": ("Ada", "auditor"),
    "adam": ("Adam", "administrator"),
}
"""Name to sign in with → first name and role."""
TELLERS_MAXIMUM = Decimal(10_000)


def make(euro: Asset) -> dict[str, Context]:
    """Makes the users and limits what a teller may post; returns each user's circumstances for commands."""
    contexts = {}
    for username, (name, role) in USERS.items():
        fields = {"first_name": name, "last_name": str(ROLES[role].title), "is_staff": True}
        user = run(partial(_person, username, role, fields))
        contexts[username] = Context(actor_id=user.pk, actor=username, method="command")
    services.limit_create(role=Group.objects.get(name="teller"), asset=euro, maximum=TELLERS_MAXIMUM, verdict="hold")
    return contexts


def _person(username: str, role: str, fields: Mapping[str, Any]) -> User:
    user, created = User.objects.get_or_create(username=username, defaults=fields)
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        people.tell_created(user)
    before = sorted(user.groups.values_list("name", flat=True))
    if role not in before:
        user.groups.add(Group.objects.get(name=role))
        people.emit("roles_changed", user, {}, {"roles": (before, sorted([*before, role]))})
    return user


def give_passwords() -> dict[str, str]:
    """Gives each of the users a new random password; returns them, for they are kept nowhere.

    None of them has a second factor: each sets up his own at the first sign-in, and a password of his own.
    """
    given = {}
    for user in User.objects.filter(username__in=USERS, is_superuser=False):
        given[user.username] = secrets.token_urlsafe(12)
        passwords.password_change(user=user, password=given[user.username])
    return {username: given[username] for username in USERS if username in given}
