"""Where transfers that are in order are handed in to be posted."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from ledger.api.hot.answers import Answered
from ledger.api.hot.callers import circumstances
from ledger.api.hot.postings import Posted, Posting
from ledger.api.hot.slips import Slip, answers, postings
from ledger.engine.batch import Submission
from ledger.engine.group import GroupCommit, Waiting

THREADS = 4
"""Books that post at the same time in one process."""

T = TypeVar("T")


class Counter(Protocol):
    """Whoever posts."""

    def start(self) -> None:
        """Makes ready what takes its time."""
        ...

    async def post(self, posting: Posting) -> Posted | None:
        """What became of it; none where nobody took it up."""
        ...

    def take(self, slip: Slip) -> Awaitable[Answered | None]:
        """The answer to it; none where it is not in order, or nobody took it up."""
        ...


class OwnCounter:
    """Posts in this process, on one event loop, by group commit."""

    def __init__(self) -> None:
        self._group: GroupCommit[asyncio.Future[Posted]] | None = None

    def start(self) -> None:
        """There is nothing to make ready."""

    async def post(self, posting: Posting) -> Posted:
        """What became of it."""
        if self._group is None:
            self._group = group(_tell)
        future: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        submission = Submission(posting.drafts, circumstances(posting.caller, posting.request_id), posting.linked)
        self._group.submit(posting.book, [(submission, future)])
        return await future

    async def take(self, slip: Slip) -> Answered | None:
        """The answer to it; none where it is not in order."""
        [posting] = postings([slip])
        if posting is None:
            return None
        [answered] = answers([(posting, await self.post(posting))])
        return answered


def _tell(waiting: Sequence[Waiting[asyncio.Future[Posted]]], error: Exception | None) -> None:
    for submission, future in waiting:
        if not future.done():  # a client that has gone away has cancelled its own
            future.set_result(submission.results if error is None else failed(submission, error))


def group(tell: Callable[[Sequence[Waiting[T]], Exception | None], object]) -> GroupCommit[T]:
    """Group commit whose callers are on the running event loop, where they are told of theirs."""
    loop = asyncio.get_running_loop()
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="posting")
    return GroupCommit(executor, lambda waiting, error: loop.call_soon_threadsafe(tell, waiting, error))


def failed(submission: Submission, error: Exception) -> Answered:
    """The answer to whoever asked for what could not be posted."""
    return Answered.of_failure(error, submission.context.request_id or "")
