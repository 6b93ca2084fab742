"""What operators watch of the ledger, in Prometheus' terms."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from ledger.domain.results import Code, Status, TransferResult

TRANSFERS = Counter("ledger_transfers", "Transfers by what became of them.", ["result"])
BATCH_SIZE = Histogram(
    "ledger_batch_transfers", "Transfers that shared a commit.", buckets=(1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
)
BATCH_SECONDS = Histogram(
    "ledger_batch_seconds",
    "From waiting for the book to the commit.",
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)


Became = Tally[Code | Status]
"""How many transfers became what."""


def tally(results: Iterable[TransferResult]) -> Became:
    """Counts what became of transfers."""
    became = [result.code or result.status for result in results]
    # Counting one after another hashes each of them, in Python.
    rest: list[Code | Status] = [each for each in became if each is not Status.POSTED]
    counted = Tally(rest)
    counted[Status.POSTED] = len(became) - len(rest)
    return counted


def batch_posted(became: Became, seconds: float) -> None:
    """Counts a batch that has been committed."""
    for name, count in became.items():
        TRANSFERS.labels(name.value).inc(count)
    BATCH_SIZE.observe(became.total())
    BATCH_SECONDS.observe(seconds)
