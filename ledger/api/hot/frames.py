"""Messages between a web process and its posting process: msgpack behind its length, all that there are at a time."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from ledger.api.hot.answers import Answered
from ledger.api.hot.callers import Caller, circumstances
from ledger.api.hot.columns import DraftColumns, ResultColumns, each, once
from ledger.api.hot.postings import Posting
from ledger.domain.drafts import Drafts
from ledger.domain.results import TransferResult
from ledger.engine.batch import Submission

T = TypeVar("T")
_LENGTH_BYTES = 4
_encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode


class Questions(msgspec.Struct, array_like=True, gc=False):
    """What callers ask, each under a number."""

    numbers: Sequence[int]
    books: Sequence[UUID]
    linked: Sequence[bool]
    callers: Sequence[Caller]
    request_ids: Sequence[str]
    counts: Sequence[int]
    """How many of the drafts are whose."""
    drafts: DraftColumns

    @classmethod
    def of(cls, numbers: Sequence[int], asked: Sequence[Posting]) -> "Questions":
        """What they ask, in columns. There must be something, and drafts in each."""
        return cls(
            numbers,
            once([posting.book for posting in asked]),
            once([posting.linked for posting in asked]),
            once([posting.caller for posting in asked]),
            [posting.request_id for posting in asked],
            [len(posting.drafts) for posting in asked],
            DraftColumns.of(list(chain.from_iterable([posting.drafts for posting in asked]))),
        )

    def submissions(self) -> Iterator[tuple[UUID, Submission]]:
        """What is to be posted in which book, in the order of the numbers."""
        parts = _parts(self.drafts.drafts(), self.counts)
        columns = (each(self.books), each(self.linked), each(self.callers), self.request_ids, parts)
        for book, linked, caller, request_id, drafts in zip(*columns, strict=False):
            yield book, Submission(drafts, circumstances(caller, request_id), linked)


class Replies(msgspec.Struct, array_like=True, gc=False):
    """What became of it."""

    numbers: Sequence[int]
    counts: Sequence[int]
    """How many of the results are whose."""
    results: ResultColumns | None
    failures: Sequence[tuple[int, Answered]]

    @classmethod
    def of_results(cls, numbers: Sequence[int], results: Sequence[list[TransferResult]]) -> "Replies":
        """What became of those that were posted or refused. There must be some."""
        return cls(numbers, [len(each) for each in results], ResultColumns.of(list(chain.from_iterable(results))), ())

    @classmethod
    def of_failures(cls, failures: Sequence[tuple[int, Answered]]) -> "Replies":
        """The answers to those of whose transfers nothing became."""
        return cls((), (), None, failures)

    def results_of(self, asked: Sequence[Drafts]) -> Iterator[list[TransferResult]]:
        """The results in the order of the numbers, which had these drafts.

        Raises ValueError where it cannot be told whose they are.
        """
        if self.counts != [len(drafts) for drafts in asked]:
            raise ValueError("there are not as many results as transfers")
        results = self.results.results(chain.from_iterable(asked)) if self.results else ()
        return _parts(list(results), self.counts)


def _parts(whole: list[T], counts: Sequence[int]) -> Iterator[list[T]]:
    return (whole[start:stop] for start, stop in pairwise(accumulate(counts, initial=0)))


def frame(message: Questions | Replies) -> bytes:
    """A message as bytes."""
    body = _encode(message)
    return len(body).to_bytes(_LENGTH_BYTES) + body


class Frames(Generic[T]):
    """What has come of the frames of the other side."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """The messages that are whole with these bytes."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH_BYTES:
            stop = _LENGTH_BYTES + int.from_bytes(self._buffer[:_LENGTH_BYTES])
            if len(self._buffer) < stop:
                return
            body = bytes(self._buffer[_LENGTH_BYTES:stop])
            del self._buffer[:stop]
            yield self._decoder.decode(body)
