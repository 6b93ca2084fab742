"""Argon2id as OWASP advises it, and never so many at once that a flood of sign-ins takes the machine.

Each hash takes 19 MiB and one core for some 25 ms. A process computes few at a time; a short queue waits for them, and
whoever finds it full is told to come back, before anything was computed.
"""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection

from qenex.access.problems import TOO_MANY_SIGN_INS
from qenex.kernel import problems
from qenex.kernel.problems import Problem

T = TypeVar("T")

AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
"""Hashes of one process at the same moment: half of the cores are left to everything else."""
WAITING = 16
"""How many may wait for them."""
PATIENCE = 5.0
"""Seconds that one waits at most."""
RETRY_AFTER = 5


class Overloaded(Exception):
    """More passwords are waiting to be checked than there is time for."""


problems.translate(Overloaded, lambda error: Problem(TOO_MANY_SIGN_INS, headers={"Retry-After": str(RETRY_AFTER)}))


class Gate:
    """Lets few in at a time, makes few wait, and turns the others away."""

    def __init__(self, at_once: int, waiting: int, patience: float) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._queue = threading.BoundedSemaphore(at_once + waiting)
        self._patience = patience

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Runs the block in one of the places. Raises Overloaded without having run it."""
        if not self._queue.acquire(blocking=False):
            raise Overloaded
        try:
            if not self._places.acquire(timeout=self._patience):
                raise Overloaded
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._queue.release()


gate = Gate(AT_ONCE, WAITING, PATIENCE)
_starting = threading.Lock()
_workers: tuple[int, ThreadPoolExecutor] | None = None


class Argon2id(Argon2PasswordHasher):
    """OWASP's second choice of equal strength: 19 MiB, two passes, one lane."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """The hash. Raises Overloaded."""
        return _apart(partial(super().encode, password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """Whether it is the password. Raises Overloaded."""
        return _apart(partial(super().verify, password, encoded))

    def harden_runtime(self, password: str, encoded: str) -> Any:
        """Nothing: what is stored with other parameters took longer, not less."""


def _apart(work: Callable[[], T]) -> T:
    """Does the work in its turn, in a thread of its own kind, while nobody waits for a connection of ours.

    The allocator keeps for each thread what it had, so that 19 MiB in every thread of a web server would add up; and
    whoever waits here must not hold a connection that others could use.
    """
    if not connection.in_atomic_block:
        connection.close()
    with gate():
        return _pool().submit(work).result()


def _pool() -> ThreadPoolExecutor:
    """This process's threads; a forked process has none of its parent's."""
    global _workers
    with _starting:
        if _workers is None or _workers[0] != os.getpid():
            _workers = (os.getpid(), ThreadPoolExecutor(AT_ONCE, "hashing"))
        return _workers[1]
