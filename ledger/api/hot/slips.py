"""Single transfers as their senders wrote them: those that come and go together are read, and answered, together.

Under load a transfer by itself costs most in what is done for each one: many are read in a third of the time.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from ledger.api import wire
from ledger.api.hot.answers import Answered
from ledger.api.hot.callers import Caller
from ledger.api.hot.postings import Posted, Posting
from ledger.domain.drafts import Kind
from ledger.domain.results import Code, TransferResult

_RESOLVING = (Kind.HOLD_POST, Kind.HOLD_VOID)


class Slip(msgspec.Struct, gc=False):
    """The body of one transfer, in a book that its sender may post in, and who he is."""

    book: UUID
    raw: bytes
    caller: Caller
    resolves: bool
    """Whether he may end holds as well."""
    request_id: str


def postings(slips: Sequence[Slip]) -> Iterator[Posting | None]:
    """What they ask for; none where a slip is not in order."""
    for slip, draft in zip(slips, wire.drafts_of([slip.raw for slip in slips]), strict=True):
        if draft is None or (draft.kind in _RESOLVING and not slip.resolves):
            yield None
        else:
            yield Posting(slip.book, False, [draft], slip.caller, slip.request_id)


def answers(posted: Sequence[tuple[Posting, Posted]]) -> Iterator[Answered | None]:
    """The answers to slips, of what became of them; none to what is left to Django's way."""
    new = [results[0] for _, results in posted if not isinstance(results, Answered) and _is_new(results[0])]
    bodies = iter(wire.bodies_of(new))
    for posting, results in posted:
        if isinstance(results, Answered):
            yield results
        elif _is_new(results[0]):
            yield Answered(201, wire.JSON, next(bodies))
        else:
            yield _answered(results[0], posting.request_id)


def _is_new(result: TransferResult) -> bool:
    return result.code is None and not result.replayed


def _answered(result: TransferResult, request_id: str) -> Answered | None:
    if result.code is Code.APPROVAL_REQUIRED:
        return None  # nothing was posted; Django's way asks for the approval
    return Answered.of(lambda: wire.answer_transfer(result), request_id)
