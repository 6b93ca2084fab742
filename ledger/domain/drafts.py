"""What a command asks the ledger to do."""

from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from typing import Any
from uuid import UUID

import msgspec


class Kind(IntEnum):
    """What a transfer does to its two accounts."""

    POSTED = 1
    HOLD = 2
    HOLD_POST = 3
    HOLD_VOID = 4
    HOLD_EXPIRE = 5
    REVERSAL = 6
    HOLD_PART = 7
    """What a post of a hold becomes where it is not final and leaves something held. Drafts do not name it."""


class TransferDraft(msgspec.Struct, frozen=True, gc=False):
    """One transfer to be made. Accounts are named for new transfers and holds; an origin for what acts on one.

    Metadata is a JSON object without floating-point numbers, so that its canonical bytes are the same everywhere.
    """

    id: UUID
    debit_account: UUID | None
    credit_account: UUID | None
    amount: int
    """Units of 10^-18, positive. For a post of a hold or a reversal 0 means all that is left."""
    kind: Kind = Kind.POSTED
    code: int = 1
    value_date: date | None = None
    """The day of the posting unless given."""
    reference: str = ""
    metadata: dict[str, Any] | None = None
    origin: UUID | None = None
    """The hold to post or void, or the transfer to reverse."""
    timeout: int | None = None
    """Seconds after which a hold expires; none: never."""
    final: bool = True
    """Whether a post of a hold releases what it leaves."""


class Journal(msgspec.Struct, frozen=True, gc=False):
    """The group that linked transfers belong to."""

    id: UUID
    kind: str = "entry"
    reference: str = ""
    description: str = ""
    reverses: UUID | None = None
    rate: str = ""
    metadata: dict[str, Any] = {}


Drafts = Sequence[TransferDraft]
