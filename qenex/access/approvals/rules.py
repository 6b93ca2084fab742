"""Who may decide, and what is being carried out at this moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User

from qenex.access.approvals.errors import Decided, Expired, NotAllowed, OwnRequest
from qenex.access.models.approvals import Approval, ApprovalStatus
from qenex.access.scopes import books_of_id

CHECK = "access.check_approval"
"""What everybody needs who decides about other people's requests, besides what the command and its policy ask for."""
_executing: ContextVar[bytes | None] = ContextVar("approved_payload", default=None)


@contextmanager
def executing(payload_hash: bytes) -> Iterator[None]:
    """Carries out an approved payload: within the block nobody else need approve it, and it alone."""
    token = _executing.set(payload_hash)
    try:
        yield
    finally:
        _executing.reset(token)


def permitted(payload_hash: bytes) -> bool:
    """Whether this very payload was approved and is being carried out."""
    return _executing.get() == payload_hash


def check_checker(approval: Approval, by: User) -> None:
    """Raises OwnRequest and NotAllowed. There is no exception for superusers."""
    if by.pk == approval.requester_id:
        raise OwnRequest
    missing = [name for name in (CHECK, *approval.permissions) if not by.has_perm(name)]
    if missing:
        raise NotAllowed(f"It takes the permission {missing[0]} to decide about it.")
    if not reaches(by, approval.book_id):
        raise NotAllowed("The book is out of reach.")


def reaches(person: User, book: UUID | None) -> bool:
    """Whether a thing of this book is in a person's reach; what belongs to no book is for who reaches every one."""
    books = books_of_id(person.pk)
    return books is None or book in books


def check_requester(requester: User, permission: str, book: UUID | None) -> None:
    """Raises NotAllowed where whoever asked would not be allowed to do it any more."""
    if not requester.is_active or not requester.has_perm(permission) or not reaches(requester, book):
        raise NotAllowed("Whoever asked for it may not do it any more.")


def check_open(approval: Approval, now: datetime) -> None:
    """Raises Decided and Expired."""
    if approval.status != ApprovalStatus.PENDING:
        raise Decided
    if approval.expires_at <= now:
        raise Expired


def may_check(approval: Approval, by: User) -> bool:
    """Whether this person could decide about it now."""
    try:
        check_checker(approval, by)
    except (OwnRequest, NotAllowed):
        return False
    return approval.status == ApprovalStatus.PENDING
