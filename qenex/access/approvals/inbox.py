"""How much waits for a person, and which requests those are."""

import time
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, Q, QuerySet

from qenex.access.approvals.rules import CHECK
from qenex.access.models import Approval, ApprovalStatus
from qenex.kernel import clock, scope

SECONDS = 2.0
"""How long a process believes what it has counted; what it does itself, it forgets at once."""


class Group(NamedTuple):
    """Requests that wait for the same permissions in the same book, of the same requester."""

    permissions: str
    book: UUID | None
    requester: int
    size: int


_counted: tuple[float, list[Group]] | None = None


def forget() -> None:
    """What was counted is no longer so."""
    global _counted
    _counted = None


def groups() -> list[Group]:
    """All that waits. One query over the pending requests, for all people who ask within two seconds."""
    global _counted
    if _counted is None or time.monotonic() - _counted[0] > SECONDS:
        rows = open_requests().values_list("checker_permissions", "book_id", "requester_id")
        found = [Group(*row) for row in rows.annotate(Count("pk")).order_by()]
        _counted = time.monotonic(), found
    return _counted[1]


def open_requests() -> QuerySet[Approval]:
    """Those that somebody may still decide about."""
    return Approval.objects.filter(status=ApprovalStatus.PENDING, expires_at__gt=clock.now())


def waiting(user: User | AnonymousUser) -> int:
    """How many requests this person could decide about."""
    return sum(group.size for group in _groups_of(user))


def to_check(user: User | AnonymousUser) -> Q:
    """The condition for the requests that this person could decide about."""
    wanted = Q(pk=None)
    for group in _groups_of(user):
        wanted |= Q(checker_permissions=group.permissions, book_id=group.book, requester_id=group.requester)
    return wanted & Q(status=ApprovalStatus.PENDING, expires_at__gt=clock.now())


def _groups_of(user: User | AnonymousUser) -> list[Group]:
    if user.pk is None or not user.has_perm(CHECK):
        return []
    books = scope.of(user.pk)
    return [
        group
        for group in groups()
        if group.requester != user.pk
        and (books is None or group.book in books)
        and user.has_perms(group.permissions.split())
    ]
