"""Where transfers that are in order are handed in to be posted."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from uuid import UUID

import msgspec

from ledger.api.hot.answers import Answered
from ledger.domain.drafts import Drafts
from ledger.domain.results import TransferResult
from ledger.engine.batch import Submission
from ledger.engine.group import GroupCommit
from qenex.kernel.context import Context

THREADS = 4
"""Books that post at the same time in one process."""


class Posting(msgspec.Struct, array_like=True, gc=False):
    """One caller's transfers, and who he is."""

    book: UUID
    linked: bool
    drafts: Drafts
    actor_id: int
    actor: str
    address: str | None
    method: str
    request_id: str
    key_id: str


Posted = list[TransferResult] | Answered | None
"""The results, in order; or the problem because of which there are none; none where nobody took it up."""
Done = Callable[[Posted], None]


class Counter(Protocol):
    """Whoever posts."""

    def start(self) -> None:
        """Makes ready what takes its time."""
        ...

    async def post(self, posting: Posting) -> Posted:
        """What became of it."""
        ...


class OwnCounter:
    """Posts in this process, on one event loop, by group commit."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="posting")
        self._group: GroupCommit | None = None

    def start(self) -> None:
        """There is nothing to make ready."""

    async def post(self, posting: Posting) -> Posted:
        """What became of it."""
        future: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()

        def done(posted: Posted) -> None:
            if not future.done():  # a client that has gone away has cancelled its own
                future.set_result(posted)

        self.take(posting, done)
        return await future

    def take(self, posting: Posting, done: Done) -> None:
        """As `post`, for those who wait in a way of their own: calls `done` on the event loop."""
        submission = Submission(posting.drafts, _context(posting), linked=posting.linked)

        def committed(error: Exception | None) -> None:
            done(submission.results if error is None else Answered.of_failure(error, posting.request_id))

        if self._group is None:
            self._group = GroupCommit(self._executor, asyncio.get_running_loop().call_soon_threadsafe)
        self._group.submit(posting.book, submission, committed)


def _context(posting: Posting) -> Context:
    return Context(
        actor_id=posting.actor_id,
        actor=posting.actor,
        address=posting.address,
        method=posting.method,
        request_id=posting.request_id,
        key_id=posting.key_id,
    )
