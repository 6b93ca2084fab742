"""Running the same thing in many threads at the same moment, each with its own database connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def together(count: int, act: Callable[[int], T]) -> list[T]:
    """Call `act(0)` to `act(count - 1)` at once; the results in order. The first exception is raised."""
    barrier = Barrier(count)

    def run(number: int) -> T:
        barrier.wait()
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
