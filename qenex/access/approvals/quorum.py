"""Whether there are people enough for a policy: one that nobody can satisfy would stop the house."""

from uuid import UUID

from django.contrib.auth.models import User

from qenex.access.approvals import registry
from qenex.access.approvals.rules import CHECK, reaches

LEAST = 2
"""Nobody decides about his own request, so one person who could decide is none when he himself asks."""
_OF_NO_BOOK = "access."
"""Commands of this app are about no book: deciding about them takes the reach of all."""


def missing(command: str, *, permission: str = "", book: UUID | None = None) -> str:
    """The permission for which too few could decide; empty where there are enough for the policy.

    Counted are active people who hold what a request of the command asks of a checker, and reach its book. A policy
    counts for the commands that contain its own as well. It costs queries for each person until two are found.
    """
    people = [person for person in User.objects.filter(is_active=True).order_by("pk") if person.has_perm(CHECK)]
    for each in (found for found in registry.commands() if command in found.governed_by):
        wanted = permission or each.permission
        everywhere = book is None and each.name.startswith(_OF_NO_BOOK)
        if not _enough(people, wanted, book, everywhere):
            return wanted
    return ""


def _enough(people: list[User], wanted: str, book: UUID | None, everywhere: bool) -> bool:
    found = 0
    for person in people:
        found += person.has_perm(wanted) and (not (everywhere or book) or reaches(person, book))
        if found == LEAST:
            return True
    return False
