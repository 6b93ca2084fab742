"""Where transfers that are in order are handed in to be posted."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from ledger.api.hot.answers import Answered
from ledger.domain.drafts import Drafts
from ledger.domain.results import TransferResult
from ledger.engine.batch import Submission
from ledger.engine.group import GroupCommit, Waiting
from qenex.kernel.context import Context

THREADS = 4
"""Books that post at the same time in one process."""

T = TypeVar("T")
Caller = tuple[int, str, str | None, str, str]
"""Who asks: his id, name and address, how he was known, and by which key."""


class Posting(msgspec.Struct, gc=False):
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

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.actor_id, self.actor, self.address, self.method, self.key_id


Posted = list[TransferResult] | Answered | None
"""The results, in order; or the problem because of which there are none; none where nobody took it up."""


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


def circumstances(caller: Caller, request_id: str) -> Context:
    """Under which a caller's transfers are posted."""
    actor_id, actor, address, method, key_id = caller
    return Context(actor_id=actor_id, actor=actor, address=address, method=method, request_id=request_id, key_id=key_id)
