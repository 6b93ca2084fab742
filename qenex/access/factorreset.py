"""Taking away somebody's second factors, as a command that may take two people.

With a new password for somebody and no second factor in the way, an administrator could sign in as that person.
"""

from django.contrib.auth.models import User
from django.utils.translation import gettext, gettext_lazy

from qenex.access import approvals, people
from qenex.access.approvals.registry import Difference, Payload
from qenex.access.mfa import enrolment
from qenex.kernel.transactions import run

NAME = "access.factors.reset"


def payload(user: User) -> Payload:
    """What is frozen: whose factors, and which they are now."""
    return {"user": user.pk, "factors": enrolment.identifiers(user)}


def describe(asked: Payload) -> Difference:
    """What will change, for whoever decides. Raises PersonError."""
    headline = gettext("Remove the second factors of %(user)s") % {"user": _user(asked).get_username()}
    change = gettext("Second factors"), str(len(asked["factors"])), gettext("none")
    return Difference(headline, changes=[change])


@approvals.command(
    NAME,
    label=gettext_lazy("Remove somebody's second factors"),
    permission="auth.change_user",
    describe=describe,
    result=lambda user: str(user.pk),
    refusals=(people.PersonError,),
)
def execute(asked: Payload) -> User:
    """Removes the factors of the payload. Raises PersonError and ApprovalRequired."""

    def command() -> User:
        user = _user(asked)
        approvals.demand(NAME, asked)
        enrolment.reset_factors(user)
        return user

    return run(command)


def _user(asked: Payload) -> User:
    user = User.objects.filter(pk=asked["user"]).first()
    if user is None:
        raise people.PersonError("The user is not there any more.")
    if enrolment.identifiers(user) != list(asked["factors"]):
        raise people.PersonError("The user's second factors were changed meanwhile.")
    people.check_mine(user)
    return user
