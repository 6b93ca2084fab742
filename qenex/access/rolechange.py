"""Giving roles, as a command that may take two people."""

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext, gettext_lazy

from qenex.access import approvals, people
from qenex.access.approvals.registry import Difference, Payload
from qenex.kernel.transactions import run

NAME = "access.role.change"


def payload(user: User, names: list[str]) -> Payload:
    """What is frozen: whose roles, what they are now and what they are to be."""
    return {"user": user.pk, "before": sorted(user.groups.values_list("name", flat=True)), "roles": sorted(names)}


def describe(asked: Payload) -> Difference:
    """What will change, for whoever decides. Raises PersonError."""
    user = _user(asked)
    headline = gettext("Change the roles of %(user)s") % {"user": user.get_username()}
    none = gettext("none")
    change = (gettext("Roles"), ", ".join(asked["before"]) or none, ", ".join(asked["roles"]) or none)
    return Difference(headline, changes=[change])


@approvals.command(
    NAME,
    label=gettext_lazy("Change somebody's roles"),
    permission="auth.change_user",
    describe=describe,
    result=lambda user: str(user.pk),
    refusals=(people.PersonError,),
)
def execute(asked: Payload) -> User:
    """Gives the roles of the payload. Raises PersonError and ApprovalRequired."""

    def command() -> User:
        user = _user(asked)
        approvals.demand(NAME, asked)
        people.change_roles(user, asked["roles"])
        return user

    return run(command)


def _user(asked: Payload) -> User:
    user = User.objects.filter(pk=asked["user"]).first()
    if user is None:
        raise people.PersonError("The user is not there any more.")
    if sorted(user.groups.values_list("name", flat=True)) != list(asked["before"]):
        raise people.PersonError("The user's roles were changed meanwhile.")
    known = set(Group.objects.filter(name__in=asked["roles"]).values_list("name", flat=True))
    if known != set(asked["roles"]):
        raise people.PersonError("One of the roles is not there any more.")
    people.check_roles(user, asked["roles"])
    return user
