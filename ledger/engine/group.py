"""Group commit: what callers of one process submit while a batch is being committed is posted as the next batch.

Nobody waits for a timer: an idle book posts at once, and under load batches grow by themselves to what one commit can
carry, which is what makes single transfers nearly as cheap as batches.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
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

Done = Callable[[Exception | None], None]
"""Called when a submission has been committed and has its results, or with why it was not."""
Waiting = tuple[Submission, Done]


class GroupCommit:
    """The queues of one process, one a book, and the threads that post for them."""

    def __init__(self, executor: Executor, deliver: Callable[[Callable[[], None]], object]) -> None:
        """`deliver` calls what it is given where the callers want to hear: on their event loop, for instance."""
        self._executor, self._deliver = executor, deliver
        self._lock = threading.Lock()
        self._queues: dict[UUID, deque[Waiting]] = {}

    def submit(self, book: UUID, submission: Submission, done: Done) -> None:
        """Queues a submission. It is posted, whether or not somebody still waits for it then."""
        with self._lock:
            queue = self._queues.get(book)
            if queue is not None:
                queue.append((submission, done))
                return
            self._queues[book] = deque([(submission, done)])
        self._executor.submit(self._drain, book)

    def _drain(self, book: UUID) -> None:
        try:
            while waiting := self._next(book):
                self._post(book, waiting)
        finally:
            connection.close()  # idle threads would keep connections from everybody else

    def _next(self, book: UUID) -> list[Waiting]:
        """The next batch; none, and the queue is gone, where nobody waits."""
        with self._lock:
            queue = self._queues[book]
            if not queue:
                del self._queues[book]
                return []
            return _take(queue)

    def _post(self, book: UUID, waiting: Sequence[Waiting]) -> None:
        error: Exception | None = None
        try:
            post(book, [submission for submission, _ in waiting])
        except Exception as failure:  # noqa: BLE001  # every caller gets its answer, whatever happened
            error = failure
        if error is None or isinstance(error, EXPECTED) or len(waiting) == 1:
            self._deliver(partial(_tell, waiting, error))
            return
        for each in waiting:  # one of them is to blame: by itself each gets what it deserves
            self._post(book, [each])


def _tell(waiting: Sequence[Waiting], error: Exception | None) -> None:
    for _, done in waiting:
        done(error)


def _take(queue: deque[Waiting]) -> list[Waiting]:
    """The next batch, in the order of arrival: at least one submission, and no more transfers than a commit carries."""
    taken = [queue.popleft()]
    count = len(taken[0][0].drafts)
    while queue and count + len(queue[0][0].drafts) <= MAX_TRANSFERS:
        taken.append(queue.popleft())
        count += len(taken[-1][0].drafts)
    return taken
