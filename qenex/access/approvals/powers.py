"""What somebody may do, beside his roles, as commands that may take two people: a policy for roles counts for all."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext_lazy

from qenex.access import groups, people, scopes
from qenex.access.approvals import registry
from qenex.access.approvals.directory import book_name
from qenex.access.approvals.registry import Difference

ROLES = "access.role.change"
Payload = Mapping[str, Any]


def _of_group(payload: Payload) -> Difference:
    group = Group.objects.filter(pk=payload["group"]).first() if payload["group"] is not None else None
    before = () if group is None else groups.permissions_of(group.permissions)
    if list(before) != list(payload["seen"]):
        raise people.PersonError("What the role may do was changed meanwhile.")
    gained, lost = (sorted(set(one) - set(other)) for one, other in _both_ways(before, payload["permissions"]))
    lines = [*(("permission", "", each) for each in gained), *(("permission", each, "") for each in lost)]
    members = group.user_set.count() if group else 0
    return Difference(f"Changes the role {payload['name']}", lines, [("Members", str(members))])


def _both_ways(before: Iterable[str], after: Iterable[str]) -> list[tuple[Iterable[str], Iterable[str]]]:
    return [(after, before), (before, after)]


@registry.command(
    groups.CHANGE,
    label=gettext_lazy("Change what a role may do"),
    permission="auth.change_group",
    describe=_of_group,
    result=lambda group: str(group.pk),
    refusals=(people.PersonError,),
    covers=(ROLES,),
)
def _set_group(payload: Payload) -> None:
    groups.group_set(**payload)


def _of_user(payload: Payload) -> Difference:
    user = _user(payload)
    lines = [(name, str(getattr(user, name)), str(value)) for name, value in payload["fields"].items()]
    return Difference(f"Changes the user {user.get_username()}", lines)


@registry.command(
    people.PROMOTE,
    label=gettext_lazy("Make somebody active, staff or a superuser"),
    permission="auth.change_user",
    describe=_of_user,
    result=lambda user: str(user.pk),
    refusals=(people.PersonError,),
    covers=(ROLES,),
)
def _promote(payload: Payload) -> None:
    people.user_change(user=_user(payload), fields=payload["fields"])


def _of_books(payload: Payload) -> Difference:
    user = _user(payload)
    wanted = None if payload["books"] is None else map(UUID, payload["books"])
    line = ("books", _books(scopes.books_of_id(user.pk)), _books(wanted))
    return Difference(f"Changes the books that {user.get_username()} reaches", [line])


def _books(books: Iterable[UUID] | None) -> str:
    return "every book" if books is None else ", ".join(sorted(book_name(book) for book in books))


@registry.command(
    scopes.CHANGE,
    label=gettext_lazy("Let somebody reach more books"),
    permission="access.change_bookscope",
    describe=_of_books,
    result=lambda books: "",
    refusals=(scopes.NoSuchBook, scopes.Narrowed),
    covers=(ROLES,),
)
def _set_books(payload: Payload) -> None:
    books = payload["books"]
    scopes.scope_set(user=_user(payload), books=None if books is None else map(UUID, books))


def _user(payload: Payload) -> User:
    user = User.objects.filter(pk=payload["user"]).first()
    if user is None:
        raise people.PersonError("The user is not there any more.")
    return user
