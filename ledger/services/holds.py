"""What becomes of holds: posted, voided, or out of time."""

from decimal import Decimal
from uuid import UUID

from ledger.approvals.submissions import needed
from ledger.choices import BookStatus
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.results import Code, TransferResult
from ledger.engine.batch import Submission
from ledger.errors import Invalid, NotFound, TransferRefused
from ledger.models import Book, Hold
from ledger.services.transfers import submit
from qenex.kernel import clock, context, scope
from qenex.kernel.ids import uuid7
from qenex.kernel.money import AmountProblem, from_decimal

EXPIRY_BATCH = 1_000


def hold_post(
    *, hold: UUID, amount: Decimal | None = None, final: bool = True, id: UUID | None = None, reference: str = ""
) -> TransferResult:
    """Posts a hold, whole or in part. What a final post leaves is released; otherwise it stays held.

    `id` makes a repetition harmless. Raises NotFound, Invalid, TransferRefused and ApprovalRequired.
    """
    return _resolve(hold, Kind.HOLD_POST, id, _amount(amount), final=final, reference=reference)


def hold_void(*, hold: UUID, id: UUID | None = None, reference: str = "") -> TransferResult:
    """Releases all that a hold still has. Raises NotFound and TransferRefused."""
    return _resolve(hold, Kind.HOLD_VOID, id, 0, final=True, reference=reference)


def holds_expire(*, limit: int = EXPIRY_BATCH) -> int:
    """Releases holds whose time is over, the longest overdue first, and returns how many."""
    # Those of a closed book stay: they would only be refused, time and again, before those of other books.
    open_books = Book.objects.filter(status=BookStatus.OPEN).values("pk")
    due = Hold.objects.filter(status="open", expires_at__lte=clock.now(), book_id__in=open_books)
    due = due.order_by("expires_at", "id")
    books: dict[UUID, list[UUID]] = {}
    for book, hold in due.values_list("book_id", "id")[:limit]:
        books.setdefault(book, []).append(hold)
    expired = 0
    for book, holds in books.items():
        drafts = [_draft(hold, Kind.HOLD_EXPIRE, uuid7(), 0) for hold in holds]
        results = submit(book=book, submission=Submission(drafts, context.current()))
        expired += sum(result.ok for result in results)
    return expired


def _amount(amount: Decimal | None) -> int:
    if amount is None:
        return 0
    try:
        units = from_decimal(amount)
    except AmountProblem as problem:
        raise Invalid("amount", str(problem)) from problem
    if units <= 0:
        raise Invalid("amount", "must be more than zero")
    return units


def _draft(hold: UUID, kind: Kind, id: UUID, amount: int, *, final: bool = True, reference: str = "") -> TransferDraft:
    return TransferDraft(id, None, None, amount, kind, origin=hold, final=final, reference=reference)


def _resolve(hold: UUID, kind: Kind, id: UUID | None, amount: int, *, final: bool, reference: str) -> TransferResult:
    book = Hold.objects.values_list("book_id", flat=True).filter(pk=hold).first()
    if book is None or not scope.allows(book):
        raise NotFound(f"there is no hold {hold}")
    draft = _draft(hold, kind, id or uuid7(), amount, final=final, reference=reference)
    [result] = submit(book=book, submission=Submission([draft], context.current()))
    if result.code is Code.APPROVAL_REQUIRED:
        raise needed(book, [draft], None)
    if not result.ok:
        raise TransferRefused(result)
    return result
