"""Transfers that exist already under an id that a command names again: the first answer, or a refusal for ever."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.posting import DAY_US, EPOCH_DAY
from ledger.domain.results import Status, TransferResult
from qenex.kernel import canonical

STATUS = {
    Kind.POSTED: Status.POSTED,
    Kind.HOLD: Status.HELD,
    Kind.HOLD_POST: Status.POSTED,
    Kind.HOLD_VOID: Status.VOIDED,
    Kind.HOLD_EXPIRE: Status.EXPIRED,
    Kind.HOLD_PART: Status.POSTED,
    Kind.REVERSAL: Status.POSTED,
}


class Known(NamedTuple):
    """A transfer as it was written. Amounts and balances are units."""

    book: UUID
    debit: UUID
    credit: UUID
    amount: int
    debit_balance: int
    credit_balance: int
    posted_at_us: int
    value_date: date
    kind: Kind
    code: int
    origin: UUID | None
    reference: str
    metadata: dict[str, Any] | None
    journal: UUID | None
    timeout: int | None
    """Seconds after which a hold was to expire."""
    places: int = 0
    """The decimal places of the asset."""

    def same_as(self, draft: TransferDraft, book: UUID, journal: UUID | None) -> bool:
        """Whether the draft asks for what was written."""
        return (
            (self.book, self.journal) == (book, journal)
            and self._same_kind(draft)
            and self._same_movement(draft)
            and (self.code, self.origin, self.reference) == (draft.code, draft.origin, draft.reference)
            and self.value_date == (draft.value_date or self._posting_day())
            and canonical.encode(self.metadata or {}) == canonical.encode(draft.metadata or {})
        )

    def _same_movement(self, draft: TransferDraft) -> bool:
        """What acts on another transfer may leave its accounts and amount open; these are not compared then."""
        if draft.kind in (Kind.POSTED, Kind.HOLD):
            return (self.debit, self.credit, self.amount) == (draft.debit_account, draft.credit_account, draft.amount)
        return (
            draft.debit_account in (None, self.debit)
            and draft.credit_account in (None, self.credit)
            and draft.amount in (0, self.amount)
        )

    def _same_kind(self, draft: TransferDraft) -> bool:
        """A transfer that a gate turned into a hold, which never expires, was asked for as a posted one."""
        if self.kind is Kind.HOLD and draft.kind is Kind.POSTED:
            return self.timeout is None
        if self.kind is Kind.HOLD_PART:
            return draft.kind is Kind.HOLD_POST and not draft.final
        return self.kind is draft.kind and (self.kind is not Kind.HOLD or self.timeout == draft.timeout)

    def _posting_day(self) -> date:
        return date.fromordinal(self.posted_at_us // DAY_US + EPOCH_DAY)

    def answer(self, id: UUID) -> TransferResult:
        """The first answer, marked as given again."""
        return TransferResult(
            id,
            STATUS[self.kind],
            posted_at_us=self.posted_at_us,
            value_day=self.value_date.toordinal(),
            debit_balance=self.debit_balance,
            credit_balance=self.credit_balance,
            replayed=True,
            places=self.places,
        )
