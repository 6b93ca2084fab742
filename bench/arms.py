"""Arms whose work is done by client processes."""

from collections.abc import Callable, Sequence

from bench.crew import Crew
from bench.stats import Sample, sample
from bench.works.base import Work

TRANSFERS = "transfers/s"
MOST = 400_000
"""Transfers that are made ready for one run at most: they wait in memory."""


class CrewArm:
    """So many clients, each of which does `count` calls of `size` a run; `make(client, count)` is its work.

    How many calls fit into a run is learnt in the warm-up and from every run since.
    """

    def __init__(
        self,
        name: str,
        crew: Crew,
        make: Callable[[int, int], Work],
        *,
        clients: int,
        size: int,
        seconds: float,
        count: Callable[[int], None],
        family: str = "",
        against: Sequence[str] = (),
        unit: str = TRANSFERS,
    ) -> None:
        self.name, self.family, self.against, self.unit = name, family or name, against, unit
        self._crew, self._make, self._count = crew, make, count
        self._clients, self._size, self._seconds = clients, size, seconds
        self._calls = max(1, 20 // size)

    def warm_up(self) -> None:
        """Twice: the first run meets cold caches and says little about the speed."""
        self.run()
        self.run()

    def run(self) -> Sample:
        """All clients at once, from the first one's start to the last one's end."""
        outcomes = self._crew.run([self._make(client, self._calls) for client in range(self._clients)])
        done = sum(outcome.done for outcome in outcomes)
        self._count(done)
        span = max(outcome.ended for outcome in outcomes) - min(outcome.started for outcome in outcomes)
        self._calls = self._fitting(done / span)
        return sample(done / span, [each for outcome in outcomes for each in outcome.latencies])

    def _fitting(self, rate: float) -> int:
        wanted = round(rate * self._seconds / self._clients / self._size)
        return max(1, min(wanted, MOST // self._clients // self._size))
