"""Group commit: what callers of one process submit while a batch is being committed is posted as the next batch.

Nobody waits for a timer: an idle book posts at once, and under load batches grow by themselves to what one commit can
carry, which is what makes single transfers nearly as cheap as batches.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from uuid import UUID

from channels.db import database_sync_to_async

from ledger.engine.batch import Submission
from ledger.engine.load import BookNotFound
from ledger.engine.post import post
from qenex.kernel.transactions import Busy

MAX_TRANSFERS = 2_000
"""How many transfers share a commit at most: enough to make it cheap, few enough to answer the first one soon."""
EXPECTED = (BookNotFound, Busy)
"""Failures that are about the book or the database, so that every caller shares them."""

_Waiting = deque[tuple[Submission, "asyncio.Future[None]"]]


class GroupCommit:
    """The queues of one event loop, one a book, and the threads that post for them."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._queues: dict[UUID, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, book: UUID, submission: Submission) -> None:
        """Returns when the submission has been committed and has its results. Raises as `post`."""
        future = asyncio.get_running_loop().create_future()
        queue = self._queues.get(book)
        if queue is not None:
            queue.append((submission, future))
        else:
            self._queues[book] = deque([(submission, future)])
            task = asyncio.create_task(self._drain(book))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await future

    async def _drain(self, book: UUID) -> None:
        queue = self._queues[book]
        try:
            while queue:
                await self._post(book, _take(queue))
        finally:
            del self._queues[book]

    async def _post(self, book: UUID, waiting: Sequence[tuple[Submission, "asyncio.Future[None]"]]) -> None:
        # Gives the connection back after each batch: idle threads would keep them from everybody else.
        work = database_sync_to_async(post, thread_sensitive=False, executor=self._executor)
        try:
            await work(book, [submission for submission, _ in waiting])
        except Exception as error:  # noqa: BLE001  # every caller gets its answer, whatever happened
            if len(waiting) > 1 and not isinstance(error, EXPECTED):
                # One of them is to blame: by itself each gets what it deserves.
                for each in waiting:
                    await self._post(book, [each])
                return
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for _, future in waiting:
            if not future.done():  # a client that has gone away has cancelled its own
                future.set_result(None)


def _take(queue: _Waiting) -> list[tuple[Submission, "asyncio.Future[None]"]]:
    """The next batch, in the order of arrival: at least one submission, and no more transfers than a commit carries."""
    taken = [queue.popleft()]
    count = len(taken[0][0].drafts)
    while queue and count + len(queue[0][0].drafts) <= MAX_TRANSFERS:
        taken.append(queue.popleft())
        count += len(taken[-1][0].drafts)
    return taken
