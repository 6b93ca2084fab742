"""Whether a command needs a second person, as the table of policies has it."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from qenex.access.approvals import payload as payloads
from qenex.access.approvals import registry
from qenex.access.approvals.errors import ApprovalRequired
from qenex.access.approvals.rules import permitted
from qenex.access.models.approvals import ApprovalPolicy
from qenex.kernel import context
from qenex.kernel.context import Context

Amount = tuple[UUID, Decimal]
"""An asset, and how much of it."""
_OURS = frozenset({"internal", "task"})


def exempt(by: Context) -> bool:
    """Whether nobody acts but the system itself, such as the task that lets holds expire.

    A management command is somebody's doing and not exempt.
    """
    return by.actor_id is None and by.method in _OURS


def policies_of(names: Iterable[str], book: UUID | None) -> list[ApprovalPolicy]:
    """The active policies of these commands that count in this book: those of the book, and those of all books."""
    where = Q(book_id=None) if book is None else Q(book_id=None) | Q(book_id=book)
    return list(ApprovalPolicy.objects.filter(where, command__in=list(names), active=True))


def asks(policy: ApprovalPolicy, amounts: Iterable[Amount]) -> bool:
    """Whether a policy asks for a second person for something that moves these amounts."""
    if policy.above is None:
        return True
    return any(asset == policy.asset_id and amount > policy.above for asset, amount in amounts)


def demand(
    command: str,
    payload: Mapping[str, Any],
    *,
    book: UUID | None = None,
    amounts: Sequence[Amount] = (),
    key: str = "",
    reason: str = "",
) -> None:
    """Called inside a service, in its transaction, before it writes: the backstop behind every door.

    Raises ApprovalRequired where a policy asks for a second person, unless this very payload was approved and is being
    carried out, or nobody acts but the system itself.
    """
    if exempt(context.current()):
        return
    if not any(asks(policy, amounts) for policy in policies_of(registry.governing(command), book)):
        return
    if permitted(payloads.digest(command, payloads.encode(payload))):
        return
    raise ApprovalRequired(command, payload, book=book, key=key, reason=reason or context.current().reason)
