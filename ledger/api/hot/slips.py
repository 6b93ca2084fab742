"""Single transfers on their way to be posted: read, and answered, by whoever posts, many at once.

Under load a transfer by itself costs most in what is done for each one. So the web process hands a body on as it came,
and the objects that a transfer becomes are made once, and where others are made with them.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from ledger.api import wire
from ledger.api.hot.answers import Answered
from ledger.api.hot.callers import Caller, circumstances
from ledger.api.hot.columns import each, once
from ledger.domain.drafts import Kind
from ledger.domain.results import Code, TransferResult
from ledger.engine.batch import Submission

_RESOLVING = (Kind.HOLD_POST, Kind.HOLD_VOID)


class Slip(msgspec.Struct, gc=False):
    """The body of one transfer, in a book that its sender may post in, and who he is."""

    book: UUID
    raw: bytes
    caller: Caller
    resolves: bool
    """Whether he may end holds as well."""
    request_id: str


class Slips(msgspec.Struct, array_like=True, tag=True, gc=False):
    """Some slips, each under a number."""

    numbers: Sequence[int]
    books: Sequence[UUID]
    callers: Sequence[Caller]
    resolves: Sequence[bool]
    request_ids: Sequence[str]
    raws: Sequence[bytes]

    @classmethod
    def of(cls, numbers: Sequence[int], asked: Sequence[Slip]) -> "Slips":
        """The slips in columns. There must be one at least."""
        return cls(
            numbers,
            once([slip.book for slip in asked]),
            once([slip.caller for slip in asked]),
            once([slip.resolves for slip in asked]),
            [slip.request_id for slip in asked],
            [slip.raw for slip in asked],
        )

    def submissions(self) -> Iterator[tuple[int, UUID, Submission | None]]:
        """What is to be posted in which book, in the order of the numbers; none where a slip is not in order."""
        drafts = wire.drafts_of(self.raws)
        columns = (self.numbers, drafts, self.request_ids, each(self.books), each(self.callers), each(self.resolves))
        for number, draft, request_id, book, caller, resolves in zip(*columns, strict=False):
            if draft is None or (draft.kind in _RESOLVING and not resolves):
                yield number, book, None
            else:
                yield number, book, Submission([draft], circumstances(caller, request_id))


class Answers(msgspec.Struct, array_like=True, tag=True, gc=False):
    """What became of slips."""

    numbers: Sequence[int]
    bodies: Sequence[bytes]
    """Of those that were posted just now."""
    others: Sequence[tuple[int, Answered | None]]
    """The answers to the others; none to what is left to Django's way."""

    @classmethod
    def of(cls, posted: Sequence[tuple[int, Submission]]) -> "Answers":
        """The answers to slips that have their results."""
        new = [(number, slip.results[0]) for number, slip in posted if _is_new(slip.results[0])]
        others = [(number, _answered(slip)) for number, slip in posted if not _is_new(slip.results[0])]
        return cls([number for number, _ in new], wire.bodies_of([result for _, result in new]), others)

    @classmethod
    def of_failures(cls, failures: Sequence[tuple[int, Answered]]) -> "Answers":
        """The answers to slips of which nothing became."""
        return cls((), (), failures)

    @classmethod
    def left(cls, numbers: Sequence[int]) -> "Answers":
        """Leaves these to Django's way."""
        return cls((), (), [(number, None) for number in numbers])

    def answers(self) -> Iterator[tuple[int, Answered | None]]:
        """All of them."""
        for number, body in zip(self.numbers, self.bodies, strict=True):
            yield number, Answered(201, wire.JSON, body)
        yield from self.others


def _is_new(result: TransferResult) -> bool:
    return result.code is None and not result.replayed


def _answered(submission: Submission) -> Answered | None:
    [result] = submission.results
    if result.code is Code.APPROVAL_REQUIRED:
        return None  # nothing was posted; Django's way asks for the approval
    try:
        answer = wire.answer_transfer(result)
    except Exception as failure:  # noqa: BLE001  # whatever it is, the client gets an answer
        return Answered.of_failure(failure, submission.context.request_id or "")
    return Answered(answer.status, wire.JSON, answer.body, dict(answer.headers))
