"""What became of a transfer: the closed list of results and why each is given."""

from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec


class Status(StrEnum):
    """The state a transfer is in after the command."""

    POSTED = "posted"
    HELD = "held"
    VOIDED = "voided"
    EXPIRED = "expired"
    REFUSED = "refused"


class Code(StrEnum):
    """Why a transfer was refused. Clients branch on these; they never change their meaning."""

    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_FROZEN = "account_frozen"
    ACCOUNT_NOT_FOUND = "account_not_found"
    AMOUNT_PRECISION = "amount_precision"
    AMOUNT_RANGE = "amount_range"
    APPROVAL_REQUIRED = "approval_required"
    ASSET_MISMATCH = "asset_mismatch"
    BOOK_CLOSED = "book_closed"
    GATE_REFUSED = "gate_refused"
    HOLD_EXCEEDED = "hold_exceeded"
    HOLD_NOT_DUE = "hold_not_due"
    HOLD_NOT_FOUND = "hold_not_found"
    HOLD_RESOLVED = "hold_resolved"
    ID_REUSED = "id_reused"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    LINKED_FAILED = "linked_failed"
    REVERSAL_EXCEEDED = "reversal_exceeded"
    REVERSAL_NOT_POSSIBLE = "reversal_not_possible"
    SAME_ACCOUNT = "same_account"
    SECOND_PERSON_REQUIRED = "second_person_required"


DETAILS: dict[Code, str] = {
    Code.ACCOUNT_CLOSED: "One of the accounts is closed.",
    Code.ACCOUNT_FROZEN: "One of the accounts is frozen.",
    Code.ACCOUNT_NOT_FOUND: "The book has no such account.",
    Code.AMOUNT_PRECISION: "The amount has more decimal places than the asset.",
    Code.AMOUNT_RANGE: "The amount, or a balance after it, is not between 0 and 10^20.",
    Code.APPROVAL_REQUIRED: "A second person must approve it.",
    Code.ASSET_MISMATCH: "The two accounts count different assets.",
    Code.BOOK_CLOSED: "The book is closed.",
    Code.GATE_REFUSED: "A limit or a rule refused the transfer.",
    Code.HOLD_EXCEEDED: "The amount is more than what the hold still has.",
    Code.HOLD_NOT_DUE: "The hold's time is not over yet.",
    Code.HOLD_NOT_FOUND: "The book has no such hold.",
    Code.HOLD_RESOLVED: "The hold was posted, voided or ran out of time before.",
    Code.ID_REUSED: "A transfer with this id and other content exists.",
    Code.INSUFFICIENT_FUNDS: "The available balance would fall below the account's floor.",
    Code.LINKED_FAILED: "Another transfer of the journal was refused, so this one was not posted.",
    Code.REVERSAL_EXCEEDED: "More would be reversed than was posted.",
    Code.REVERSAL_NOT_POSSIBLE: "The book has no such posted transfer to reverse.",
    Code.SAME_ACCOUNT: "The debit and the credit account are the same.",
    Code.SECOND_PERSON_REQUIRED: "A limit or a rule held the transfer of the same person: somebody else posts it.",
}


class TransferResult(msgspec.Struct, frozen=True, gc=False):
    """The answer to one transfer of a command, in the order in which they were given."""

    id: UUID
    status: Status
    code: Code | None = None
    """Why it was refused; none otherwise."""
    detail: str = ""
    posted_at_us: int = 0
    """Microseconds since 1970-01-01 UTC."""
    value_day: int = 0
    """The value date as a proleptic ordinal."""
    debit_balance: int = 0
    """The debit account's posted balance after it, in units, on the account's normal side."""
    credit_balance: int = 0
    replayed: bool = False
    """Whether this is the first answer given again."""
    places: int = 0
    """The decimal places of its asset, which its balances are shown with."""

    @property
    def ok(self) -> bool:
        """Whether the transfer stands."""
        return self.status is not Status.REFUSED

    @property
    def value_date(self) -> date:
        """The day on which the money counts."""
        return date.fromordinal(self.value_day)


def refused(id: UUID, code: Code, detail: str = "") -> TransferResult:
    """The result of a transfer that was not written."""
    return TransferResult(id, Status.REFUSED, code, detail or DETAILS[code])
