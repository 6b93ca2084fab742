"""Journals: transfers that succeed or fail together, and their reversal."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum

from ledger.approvals.submissions import needed
from ledger.domain.drafts import Journal as JournalDraft
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.posting import REVERSIBLE
from ledger.domain.results import Code, TransferResult
from ledger.engine.batch import Submission
from ledger.errors import Invalid, NotFound, first_cause
from ledger.models import Journal, Transfer
from ledger.services.transfers import MAX_REFERENCE, BookRef, book_id, check_metadata, check_text, draft, submit
from qenex.kernel import context, scope
from qenex.kernel.ids import uuid7
from qenex.kernel.money import AmountProblem, from_decimal

MAX_DESCRIPTION = 10_000


def journal_post(
    *,
    book: BookRef,
    transfers: Iterable[TransferDraft | Mapping[str, Any]],
    id: UUID | None = None,
    reference: str = "",
    description: str = "",
    metadata: dict[str, Any] | None = None,
) -> tuple[UUID, list[TransferResult]]:
    """Posts a journal of up to 10,000 transfers and returns its id and their results.

    Raises Invalid and NotFound as `transfers_post`, and TransferRefused with the first cause where one is refused.
    """
    entry = JournalDraft(id or uuid7(), "entry", reference, description, metadata=metadata or {})
    drafts = [each if isinstance(each, TransferDraft) else draft(each) for each in transfers]
    return entry.id, journal_submit(book=book, entry=entry, drafts=drafts)


def journal_submit(*, book: BookRef, entry: JournalDraft, drafts: Sequence[TransferDraft]) -> list[TransferResult]:
    """Posts the drafts as one journal. Raises Invalid, NotFound, TransferRefused and ApprovalRequired."""
    if not drafts:
        raise Invalid("transfers", "a journal has at least one transfer")
    check_text("reference", entry.reference, MAX_REFERENCE)
    check_text("description", entry.description, MAX_DESCRIPTION)
    check_metadata(entry.metadata)
    results = submit(book=book, submission=Submission(drafts, context.current(), linked=True, journal=entry))
    if any(result.code is Code.APPROVAL_REQUIRED for result in results):
        raise needed(book_id(book), drafts, entry)
    refusal = first_cause(results)
    if refusal is not None:
        raise refusal
    return results


def journal_reverse(
    *,
    journal: UUID,
    reason: str,
    amounts: Mapping[UUID, Decimal] | None = None,
    id: UUID | None = None,
) -> tuple[UUID, list[TransferResult]]:
    """Reverses a journal: all that is left of its transfers, or of those named as much as given.

    Each transfer is posted the other way round, and never for more than was posted. Raises NotFound, Invalid (no
    reason, nothing left, an amount that is none) and TransferRefused.
    """
    if not reason.strip():
        raise Invalid("reason", "a reversal needs a reason")
    original = Journal.objects.filter(pk=journal).first()
    if original is None or not scope.allows(original.book_id):
        raise NotFound(f"there is no journal {journal}")
    entry = JournalDraft(id or uuid7(), "reversal", original.reference, reason, reverses=journal)
    with context.because(reason):
        drafts = _reversals(journal, entry.id, amounts)
        return entry.id, journal_submit(book=original.book_id, entry=entry, drafts=drafts)


def _reversals(journal: UUID, reversal: UUID, amounts: Mapping[UUID, Decimal] | None) -> list[TransferDraft]:
    """The reversals' ids follow from the reversal's own, so that the same command again is recognised."""
    chosen = _chosen(journal, reversal) if amounts is None else _named(journal, amounts)
    if not chosen:
        raise Invalid("amounts", "nothing of the journal is left to reverse")
    return [
        TransferDraft(uuid5(reversal, str(origin)), None, None, amount, Kind.REVERSAL, origin=origin)
        for origin, amount in chosen
    ]


def _chosen(journal: UUID, reversal: UUID) -> list[tuple[UUID, int]]:
    """What this very reversal did before, or else every transfer with something left, the last one first."""
    done = list(Transfer.objects.filter(journal_id=reversal).order_by("posted_at").values_list("origin_id", flat=True))
    if done:
        return [(origin, 0) for origin in done if origin is not None]
    reversals = Transfer.objects.filter(origin_id=OuterRef("pk"), kind=Kind.REVERSAL).order_by()
    undone = reversals.values("origin_id").annotate(total=Sum("amount")).values("total")
    left = _posted(journal).annotate(done=Subquery(undone)).filter(Q(done=None) | Q(done__lt=F("amount")))
    return [(origin, 0) for origin in left.order_by("-posted_at").values_list("pk", flat=True)]


def _named(journal: UUID, amounts: Mapping[UUID, Decimal]) -> list[tuple[UUID, int]]:
    strangers = amounts.keys() - set(_posted(journal).filter(pk__in=amounts).values_list("pk", flat=True))
    if strangers:
        raise Invalid("amounts", f"{min(strangers)} is not a posted transfer of the journal")
    return [(origin, _units(amount)) for origin, amount in amounts.items()]


def _posted(journal: UUID) -> QuerySet[Transfer]:
    return Transfer.objects.filter(journal_id=journal, kind__in=REVERSIBLE)


def _units(amount: Decimal) -> int:
    try:
        units = from_decimal(amount)
    except AmountProblem as problem:
        raise Invalid("amounts", str(problem)) from problem
    if units <= 0:
        raise Invalid("amounts", "must be more than zero")
    return units
