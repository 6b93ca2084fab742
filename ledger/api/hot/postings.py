"""What is handed over to be posted, and what comes back."""

from uuid import UUID

import msgspec

from ledger.api.hot.answers import Answered
from ledger.api.hot.callers import Caller
from ledger.domain.drafts import Drafts
from ledger.domain.results import TransferResult


class Posting(msgspec.Struct, gc=False):
    """One caller's transfers, and who he is."""

    book: UUID
    linked: bool
    drafts: Drafts
    caller: Caller
    request_id: str


Posted = list[TransferResult] | Answered
"""The results, in order; or the problem because of which there are none."""
