"""Asking for an approval, and what becomes of a request short of carrying it out."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from msgspec.structs import replace

from qenex.access.approvals import inbox, registry
from qenex.access.approvals import payload as payloads
from qenex.access.approvals.errors import Decided, Expired, NotAllowed, Reused
from qenex.access.approvals.policy import policies_of
from qenex.access.approvals.rules import check_checker, check_open, check_requester, executing
from qenex.access.models.approvals import Approval, ApprovalStatus
from qenex.kernel import canonical, clock, context, events, transactions, versions, wakeups
from qenex.kernel.context import acting
from qenex.kernel.ids import uuid7

EXPIRES_AFTER = timedelta(days=3)
"""Where no policy says otherwise."""
GROUP = "approvals"
"""The consumers that hear of every change."""
BATCH = 500
_TEXT = 500
_TOLD = (
    *("command", "key", "reason", "checker_permissions", "comment", "result", "code", "detail"),
    *("created_at", "expires_at", "decided_at", "version"),
)
"""What every event of a request says of it as it is, besides people, status and hashes."""
_SWEEPER = "approvals_expire"


def request(
    *, command: str, payload: Mapping[str, Any], reason: str = "", book: UUID | None = None, key: str = ""
) -> Approval:
    """Stores the exact command for somebody else to approve, and returns the request; again, where it is a repetition.

    `key` names what is asked for, such as the id of a transfer: the same key with the same payload is the same request.
    Raises NotAllowed where nobody in person asks, or somebody who may not do it; Reused where the key has another
    payload or requester; and whatever the command itself would raise if it were carried out now.
    """
    kind, stored = registry.find(command), payloads.encode(payload)

    def work() -> Approval:
        requester = person(context.current().authority_id)
        check_requester(requester, kind.permission, book)
        known = Approval.objects.filter(command=command, key=key).first() if key else None
        if known is not None:
            return _same(known, requester, payloads.digest(command, stored))
        made = _made(kind, stored, requester, book, key, reason)
        made.save(force_insert=True)
        tell("requested", made)
        return made

    return transactions.run(work)


def _same(known: Approval, requester: User, digest: bytes) -> Approval:
    if bytes(known.payload_hash) != digest or known.requester_id != requester.pk:
        raise Reused("there is a request under this id for something else")
    return known


def _made(kind: registry.Command, stored: bytes, by: User, book: UUID | None, key: str, reason: str) -> Approval:
    now, id = clock.now(), uuid7()
    policies = policies_of(kind.governed_by, book)
    permissions = {policy.permission or kind.permission for policy in policies} or {kind.permission}
    with executing(payloads.digest(kind.name, stored)):  # what would become of it once it is approved
        difference = kind.describe(payloads.decode(stored)).document()
    return Approval(
        id=id,
        command=kind.name,
        key=key or str(id),
        payload=stored,
        payload_hash=payloads.digest(kind.name, stored),
        requester=by,
        book_id=book,
        reason=reason[:_TEXT],
        difference=canonical.encode(difference),
        checker_permissions=" ".join(sorted(permissions)),
        created_at=now,
        expires_at=now + min((policy.expires_after for policy in policies), default=EXPIRES_AFTER),
    )


def reject(*, approval: UUID, by: User, comment: str, version: int | None = None) -> Approval:
    """Refuses a request. Raises OwnRequest, NotAllowed, Decided, Expired, Stale."""

    def work() -> Approval:
        found = opened(approval, version)
        check_checker(found, person(by.pk))
        return decide(found, ApprovalStatus.REJECTED, approver_id=by.pk, comment=comment[:_TEXT])

    return _in_time(work, approval)


def withdraw(*, approval: UUID, by: User, version: int | None = None) -> Approval:
    """Takes one's own request back. Raises NotAllowed, Decided, Expired, Stale."""

    def work() -> Approval:
        found = opened(approval, version)
        if found.requester_id != by.pk:
            raise NotAllowed("Only whoever asked for it may withdraw it.")
        return decide(found, ApprovalStatus.WITHDRAWN)

    return _in_time(work, approval)


def _in_time(work: Any, approval: UUID) -> Approval:
    """Runs the decision; where its time is over, that is recorded and raised."""
    try:
        decided: Approval = transactions.run(work)
    except Expired:
        expire(approval)
        raise
    return decided


def approvals_expire(*, limit: int = BATCH) -> int:
    """Ends the requests whose time is over, and returns how many."""
    due = Approval.objects.filter(status=ApprovalStatus.PENDING, expires_at__lte=clock.now())
    return sum(expire(id) for id in list(due.order_by("expires_at").values_list("pk", flat=True)[:limit]))


def expire(approval: UUID) -> bool:
    """Ends one request whose time is over; returns whether it was still waiting."""

    def work() -> bool:
        found = locked(approval)
        if found.status != ApprovalStatus.PENDING or found.expires_at > clock.now():
            return False
        decide(found, ApprovalStatus.EXPIRED)
        return True

    sweeper = context.task(_SWEEPER)
    with acting(replace(sweeper, request_id=context.current().request_id or sweeper.request_id)):
        return transactions.run(work)


def person(id: int | None) -> User:
    """The user as the database has it now. Raises NotAllowed where there is none."""
    user = None if id is None else User.objects.filter(pk=id).first()
    if user is None:
        raise NotAllowed("Only a person can ask for it or decide about it.")
    return user


def locked(approval: UUID) -> Approval:
    """The request, which nobody else changes until the transaction ends. Raises Approval.DoesNotExist."""
    return Approval.objects.select_for_update(of=("self",)).select_related("requester").get(pk=approval)


def opened(approval: UUID, version: int | None) -> Approval:
    """The request that still waits, locked. Raises Stale, Decided, Expired."""
    found = locked(approval)
    if found.status != ApprovalStatus.PENDING and version is None:
        raise Decided
    versions.check(found.version, version)
    check_open(found, clock.now())
    return found


def decide(found: Approval, status: ApprovalStatus, **fields: Any) -> Approval:
    """Writes how a locked request ended, and the event. What the database answers is not waited for."""
    changes = {"status": status, "decided_at": clock.now(), "version": found.version + 1, **fields}
    for name, value in changes.items():
        setattr(found, name, value)
    Approval.objects.filter(pk=found.pk).update(**changes)
    tell(status.value, found)
    return found


def tell(what: str, found: Approval) -> None:
    """The event of what became of a request, and a wake-up for the pages that count."""
    events.emit(
        f"access.approval.{what}",
        subject_type="approval",
        subject_id=found.pk,
        book_id=found.book_id,
        data={
            **{name: getattr(found, name) for name in _TOLD},
            "payload_hash": bytes(found.payload_hash).hex(),
            "payload": sha256(bytes(found.payload)).hexdigest(),
            "difference": sha256(bytes(found.difference)).hexdigest(),
            "requester": found.requester_id,
            "approver": found.approver_id,
            "status": str(found.status),
        },
        version=2,
    )
    transaction.on_commit(_wake)


def _wake() -> None:
    inbox.forget()
    wakeups.wake(GROUP)
