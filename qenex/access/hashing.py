"""Argon2id as OWASP advises it, and never so many at once that a flood of sign-ins takes the machine.

Each hash takes 19 MiB and one core for some 25 ms. A process computes few at a time; a short queue waits for them, and
whoever finds it full is told to come back, before anything was computed.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

from qenex.access.problems import TOO_MANY_SIGN_INS
from qenex.kernel import problems
from qenex.kernel.problems import Problem

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


class Argon2id(Argon2PasswordHasher):
    """OWASP's second choice of equal strength: 19 MiB, two passes, one lane."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """The hash. Raises Overloaded."""
        with gate():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Whether it is the password. Raises Overloaded."""
        with gate():
            return super().verify(password, encoded)

    def harden_runtime(self, password: str, encoded: str) -> Any:
        """Nothing: what is stored with other parameters took longer, not less."""
