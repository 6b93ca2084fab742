"""A transfer as the rules made it."""

import msgspec

from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.state import AccountState


class Row(msgspec.Struct, gc=False):
    """A transfer as it will be written. Amounts and balances are units."""

    draft: TransferDraft
    kind: Kind
    debit: AccountState
    credit: AccountState
    amount: int
    debit_balance: int
    credit_balance: int
    posted_at_us: int
    value_day: int
    """The value date as a proleptic ordinal."""
    origin: bytes | None
