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


def batch_posted(results: Iterable[TransferResult], seconds: float) -> None:
    """Counts a batch that has been committed."""
    became = [result.code or result.status for result in results]
    # Counting one after another hashes each of them, in Python.
    rest: list[Code | Status] = [each for each in became if each is not Status.POSTED]
    tally: Tally[Code | Status] = Tally(rest)
    tally[Status.POSTED] = len(became) - len(rest)
    for name, count in tally.items():
        TRANSFERS.labels(name.value).inc(count)
    BATCH_SIZE.observe(len(became))
    BATCH_SECONDS.observe(seconds)
