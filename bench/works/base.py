"""How a piece of work is made ready and then timed."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What one client did, by the machine's monotonic clock, which all its processes share. Seconds."""

    started: float
    ended: float
    latencies: list[float]
    done: int
    """Transfers, or answers where nothing is posted."""


Run = Callable[[], Outcome]


class Work(Protocol):
    """Sent to a client process, which makes it ready before the clock starts."""

    @property
    def database(self) -> str:
        """The database it works on."""

    def prepare(self) -> Run:
        """Makes everything that is not to be timed; what it returns is timed."""


def timed(call: Callable[[T], object], inputs: Iterable[T], each: int) -> Outcome:
    """Calls with one input after another; a call does `each` of what is counted."""
    latencies = []
    now = started = time.perf_counter()
    for one in inputs:
        call(one)
        before, now = now, time.perf_counter()
        latencies.append(now - before)
    return Outcome(started, now, latencies, len(latencies) * each)
