"""Group commit: what callers of one process submit while a batch is being committed is posted as the next batch.

Nobody waits for a timer: an idle book posts at once, and under load batches grow by themselves to what one commit can
carry, which is what makes single transfers nearly as cheap as batches.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar
from uuid import UUID

from django.db import connection

from ledger.engine.batch import Submission
from ledger.engine.load import BookNotFound
from ledger.engine.post import post
from qenex.kernel.transactions import Busy

MAX_TRANSFERS = 2_000
"""How many transfers share a commit at most: enough to make it cheap, few enough to answer the first one soon."""
EXPECTED = (BookNotFound, Busy)
"""Failures that are about the book or the database, so that every caller shares them."""

T = TypeVar("T")
Waiting = tuple[Submission, T]
"""A submission, and what its caller knows it by."""


class GroupCommit(Generic[T]):
    """The queues of one process, one a book, and the threads that post for them."""

    def __init__(self, executor: Executor, deliver: Callable[[Sequence[Waiting[T]], Exception | None], object]) -> None:
        """`deliver` is called, in the thread that posts, with those that have been committed and have their results.

        Or with those that were not, and why.
        """
        self._executor, self._deliver = executor, deliver
        self._lock = threading.Lock()
        self._queues: dict[UUID, deque[Waiting[T]]] = {}

    def submit(self, book: UUID, waiting: Iterable[Waiting[T]]) -> None:
        """Queues submissions. They are posted, whether or not somebody still waits for them then."""
        with self._lock:
            queue = self._queues.get(book)
            if queue is not None:
                queue.extend(waiting)
                return
            self._queues[book] = deque(waiting)
        self._executor.submit(self._drain, book)

    def _drain(self, book: UUID) -> None:
        try:
            while waiting := self._next(book):
                self._post(book, waiting)
        finally:
            connection.close()  # idle threads would keep connections from everybody else

    def _next(self, book: UUID) -> list[Waiting[T]]:
        """The next batch; none, and the queue is gone, where nobody waits."""
        with self._lock:
            queue = self._queues[book]
            if not queue:
                del self._queues[book]
                return []
            return _take(queue)

    def _post(self, book: UUID, waiting: Sequence[Waiting[T]]) -> None:
        error: Exception | None = None
        try:
            post(book, [submission for submission, _ in waiting])
        except Exception as failure:  # noqa: BLE001  # every caller gets its answer, whatever happened
            error = failure
        if error is None or isinstance(error, EXPECTED) or len(waiting) == 1:
            self._deliver(waiting, error)
            return
        for each in waiting:  # one of them is to blame: by itself each gets what it deserves
            self._post(book, [each])


def _take(queue: deque[Waiting[T]]) -> list[Waiting[T]]:
    """The next batch, in the order of arrival: at least one submission, and no more transfers than a commit carries."""
    taken = [queue.popleft()]
    count = len(taken[0][0].drafts)
    while queue and count + len(queue[0][0].drafts) <= MAX_TRANSFERS:
        taken.append(queue.popleft())
        count += len(taken[-1][0].drafts)
    return taken
