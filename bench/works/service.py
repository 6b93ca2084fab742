"""Posting through the service, as Python code of the project does."""

from dataclasses import dataclass

from django.conf import settings

from bench import ground
from bench.works.base import Outcome, Run, timed
from bench.works.drafts import batches, drafts
from ledger.services import transfers_post

FILL_BATCH = 10_000


@dataclass(frozen=True)
class ServiceWork:
    """One client's batches into one book."""

    database: str
    book: int
    count: int
    size: int
    hot: bool

    def prepare(self) -> Run:
        """Drafts are made before the clock starts: a caller has them."""
        book = ground.load(settings.VAR).books[self.book]
        inputs = batches(book.accounts, self.count, self.size, hot=self.hot)

        def run() -> Outcome:
            return timed(lambda batch: transfers_post(book=book.id, transfers=batch), inputs, self.size)

        return run


@dataclass(frozen=True)
class FillWork:
    """Some of the transfers of a ledger that is to be large, in the largest batches."""

    database: str
    book: int
    rows: int

    def prepare(self) -> Run:
        """Drafts are made as they are needed: this is not measured."""
        book = ground.load(settings.VAR).books[self.book]
        sizes = [FILL_BATCH] * (self.rows // FILL_BATCH)
        if rest := self.rows % FILL_BATCH:
            sizes.append(rest)

        def post(size: int) -> None:
            transfers_post(book=book.id, transfers=drafts(book.accounts, size, hot=False))

        def run() -> Outcome:
            outcome = timed(post, sizes, FILL_BATCH)
            return Outcome(outcome.started, outcome.ended, outcome.latencies, self.rows)

        return run
