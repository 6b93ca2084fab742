"""Who waits for answers of a posting process, and what is to be sent there next."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from ledger.api.hot.answers import Answered
from ledger.api.hot.frames import Questions, Replies
from ledger.api.hot.postings import Posted, Posting
from ledger.api.hot.slips import Slip, answers, postings

Future = asyncio.Future[Any]


class _Asked(NamedTuple):
    """A posting, and who waits: for its results, or for the answer to the slip that it was made of."""

    posting: Posting
    future: Future
    slip: bool


class Askers:
    """Numbers what is asked, and tells each asker what became of his."""

    def __init__(self) -> None:
        self._asked: dict[int, _Asked] = {}
        self._outgoing: list[int] = []
        self._slips: list[tuple[Slip, Future]] = []
        self._count = 0

    @property
    def some(self) -> bool:
        """Whether something is to be sent."""
        return bool(self._slips or self._outgoing)

    def ask(self, posting: Posting) -> "asyncio.Future[Posted | None]":
        """What will become of it; none if nobody is left to tell."""
        future = asyncio.get_running_loop().create_future()
        self._add(_Asked(posting, future, slip=False))
        return future

    def take(self, slip: Slip) -> "asyncio.Future[Answered | None]":
        """The answer that it will get; none if it is not in order, or nobody is left to tell."""
        future = asyncio.get_running_loop().create_future()
        self._slips.append((slip, future))
        return future

    def questions(self) -> Questions | None:
        """All that is to be sent."""
        slips, self._slips = self._slips, []
        for (_, future), posting in zip(slips, postings([slip for slip, _ in slips]), strict=True):
            if posting is None:
                _tell(future, None)
            else:
                self._add(_Asked(posting, future, slip=True))
        numbers, self._outgoing = self._outgoing, []
        return Questions.of(numbers, [self._asked[number].posting for number in numbers]) if numbers else None

    def tell(self, replies: Replies) -> None:
        """Answers those whom the replies are for. Raises ValueError where it cannot be told whose they are."""
        asked = [self._asked[number] for number in replies.numbers]
        results = replies.results_of([each.posting.drafts for each in asked])
        self._tell(zip(asked, results, strict=True))
        self._tell((self._asked[number], answered) for number, answered in replies.failures)
        for number in (*replies.numbers, *(number for number, _ in replies.failures)):  # only now: all of them know
            del self._asked[number]

    def lost(self) -> None:
        """Nobody is left to answer."""
        for future in [*(future for _, future in self._slips), *(asked.future for asked in self._asked.values())]:
            _tell(future, None)
        self._slips, self._asked = [], {}

    def _tell(self, told: Iterable[tuple[_Asked, Posted]]) -> None:
        slips: list[tuple[Posting, Posted]] = []
        theirs: list[Future] = []
        for (posting, future, slip), posted in told:
            if slip:
                slips.append((posting, posted))
                theirs.append(future)
            else:
                _tell(future, posted)
        for future, answered in zip(theirs, answers(slips), strict=True):
            _tell(future, answered)

    def _add(self, asked: _Asked) -> None:
        self._count += 1
        self._asked[self._count] = asked
        self._outgoing.append(self._count)


def _tell(future: Future, told: object) -> None:
    if not future.done():  # somebody who has gone away waits no more
        future.set_result(told)
