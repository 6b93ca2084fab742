"""Approving: the frozen payload is carried out and the request is marked in one transaction, or neither happens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from msgspec.structs import replace

from qenex.access.approvals import payload as payloads
from qenex.access.approvals import registry
from qenex.access.approvals.errors import ApprovalError, Decided, Expired
from qenex.access.approvals.rules import check_checker, check_requester, executing
from qenex.access.approvals.services import decide, expire, opened, person
from qenex.access.models.approvals import Approval, ApprovalStatus
from qenex.kernel import context, handlers, problems, transactions
from qenex.kernel.context import Context, Principal, acting
from qenex.kernel.versions import Stale

assert handlers  # knows which problem each of the kernel's errors is
METHOD = "approval"
"""How what is carried out came about: the actor approved what another person had asked for."""
DEFECTS = 500
_DETAIL = 1_000


@dataclass
class _Execution:
    """One person's approval of one request. Stands around the command of the service that carries it out."""

    approval: UUID
    by: User
    version: int | None
    comment: str
    kind: registry.Command
    checker: Context
    decided: Approval | None = field(default=None)

    def ready(self) -> Approval:
        """The request, locked, where this person may approve it now. Raises ApprovalError and Stale."""
        found = opened(self.approval, self.version)
        check_checker(found, person(self.by.pk))
        check_requester(found.requester, self.kind.permission, found.book_id)
        return found

    def around(self, command: Callable[[], Any]) -> Any:
        """Carries the command out and marks the request, in the command's own transaction."""
        self.decided = None
        found = _meant_for_us(self.ready)
        result = command()
        reference = self.kind.result(result)
        with acting(self.checker):
            self.decided = decide(
                found, ApprovalStatus.EXECUTED, approver_id=self.by.pk, comment=self.comment, result=reference[:64]
            )
        return result

    def failed(self, code: str, detail: str) -> Approval:
        """Marks the request as approved without success. Raises ApprovalError and Stale."""

        def work() -> Approval:
            said = {"comment": self.comment, "code": code, "detail": detail[:_DETAIL]}
            return decide(self.ready(), ApprovalStatus.FAILED, approver_id=self.by.pk, **said)

        return transactions.run(work)


class _Refused(Exception):
    """The approval itself is refused, which is not a failure of what was to be carried out."""

    def __init__(self, reason: ApprovalError | Stale) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _meant_for_us(check: Callable[[], Approval]) -> Approval:
    try:
        return check()
    except (ApprovalError, Stale) as error:
        raise _Refused(error) from error


def approve(*, approval: UUID, by: User, version: int | None = None, comment: str = "") -> Approval:
    """Carries out exactly what was asked for, once, and returns the request: executed, or failed with the reason.

    Whoever approved it already gets the same answer again. Raises OwnRequest, NotAllowed, Decided, Expired and Stale,
    and nothing was done then; and Busy, after which it may be tried again.
    """
    try:
        return _approve(approval, by, version, comment)
    except Expired:
        expire(approval)
        raise
    except (Decided, Stale):
        found = Approval.objects.get(pk=approval)
        if found.status == ApprovalStatus.EXECUTED and found.approver_id == by.pk:
            return found
        raise


def _approve(approval: UUID, by: User, version: int | None, comment: str) -> Approval:
    row = Approval.objects.select_related("requester").get(pk=approval)
    kind = registry.find(row.command)
    execution = _Execution(approval, by, version, comment[:500], kind, context.current())
    transactions.run(execution.ready)  # who may not approve learns nothing of what would become of it
    try:
        with (
            acting(on_behalf_of(row)),
            executing(bytes(row.payload_hash)),
            transactions.around(execution.around),
        ):
            kind.execute(payloads.decode(row.payload))
    except _Refused as refused:
        raise refused.reason from None
    except Exception as error:
        refusal = why(kind, error)
        if refusal is None:
            raise
        return execution.failed(*refusal)
    if execution.decided is None:
        raise RuntimeError(f"{kind.name} carried out nothing: a service runs in transactions.run")
    return execution.decided


def why(kind: registry.Command, error: Exception) -> tuple[str, str] | None:
    """Code and text of what refused the command; none where it is a defect, or may be tried again."""
    if isinstance(error, kind.refusals):
        return str(getattr(error, "code", "refused")), str(error)
    problem = problems.of(error)
    if problem is None or problem.kind.status >= DEFECTS:
        return None
    return problem.kind.code, problem.detail or problem.kind.title


def on_behalf_of(row: Approval) -> Context:
    """The circumstances of the command: the checker carries it out for whoever asked for it, with that one's rights."""
    requester = row.requester
    represented = Principal(requester.pk, requester.get_username())
    return replace(context.current(), method=METHOD, reason=row.reason, on_behalf_of=represented, memory={})
