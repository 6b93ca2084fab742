"""Deciding a batch, stretch by stretch: at once where all of a stretch can be posted, otherwise one by one."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ledger.domain import bulk
from ledger.domain.columns import Array, Columns
from ledger.domain.drafts import Drafts
from ledger.domain.rows import Row
from ledger.domain.sequence import Order, Walk
from ledger.engine.batch import EventGroup, EventGroups, Submission

STRETCH = 512
"""Transfers that are decided and encoded together: while the server takes in some, the next are made."""
FIRST = 256
"""Fewer at first: as many as the server's COPY gathers before it begins to write."""
BULK_MIN = 24
"""With fewer transfers than these, making numpy's arrays takes longer than the walk."""
Runs = list[tuple[EventGroup, int]]
"""The events that tell of transfers in their order, each with how many of them, one after another."""
Piece = tuple[Columns, Runs]
"""Some of the transfers in their order, and the events that tell of them."""


class _Part(NamedTuple):
    """Some transfers of a submission, all of them if it is linked."""

    submission: Submission
    order: Order
    start: int
    stop: int

    @property
    def drafts(self) -> Drafts:
        return self.submission.drafts[self.start : self.stop]


class Outcome:
    """What becomes of a batch: known once all of its pieces were taken."""

    def __init__(self, walk: Walk, groups: EventGroups, slots: Array, *, careful: bool) -> None:
        self._walk, self._groups, self._slots = walk, groups, slots
        self._singly = careful or not walk.open or bool(walk.state.awaited)
        """Where what one transfer does may depend on more than the accounts, each is looked at by itself."""
        self.rows: list[Row] = []
        """Those of the transfers that were looked at singly: no other makes or touches a hold."""

    def pieces(self, batch: Sequence[tuple[Submission, Order]]) -> Iterator[Piece]:
        """The transfers that are to be written; every submission gets its results on the way."""
        done = 0
        for stretch in _stretches(batch):
            count = sum(part.stop - part.start for part in stretch)
            piece = self._at_once(stretch, self._slots[2 * done : 2 * (done + count)]) or self._one_by_one(stretch)
            done += count
            if piece is not None:
                yield piece

    def _at_once(self, stretch: Sequence[_Part], slots: Array) -> Piece | None:
        drafts = stretch[0].drafts if len(stretch) == 1 else [draft for part in stretch for draft in part.drafts]
        journals = [part.order.journal for part in stretch if part.order.journal is not None]
        if self._singly or len(drafts) < BULK_MIN or any(part.order.verdicts for part in stretch):
            return None
        if len(set(journals) - self._walk.journals) < len(journals):
            return None
        posted = bulk.post_all(self._walk.state.accounts, drafts, slots, self._walk.next_us)
        if posted is None:
            return None
        self._walk.journals.update(journals)
        results = iter(posted.results)
        runs: Runs = []
        next_us = self._walk.next_us
        for submission, order, start, stop in stretch:
            count = stop - start
            order.results.extend(islice(results, count))
            self._tell(runs, submission, [], count, next_us)
            next_us += count
        self._walk.next_us = next_us
        return posted.columns, runs

    def _one_by_one(self, stretch: Sequence[_Part]) -> Piece | None:
        rows: list[Row] = []
        runs: Runs = []
        for submission, order, start, stop in stretch:
            start_us = self._walk.next_us
            made = self._walk.linked(order) if submission.linked else self._walk.unlinked(order, start, stop)
            rows += made
            if made:
                self._tell(runs, submission, made, len(made), start_us)
        self.rows += rows
        return (Columns.of(rows), runs) if rows else None

    def _tell(self, runs: Runs, submission: Submission, rows: Sequence[Row], count: int, start_us: int) -> None:
        """Has the event of a submission tell of so many of its transfers, which come next."""
        group = self._groups.of(submission)
        group.add_request(submission, count, start_us, start_us + count - 1)
        if rows:
            group.add_holds(submission, rows)
        if runs and runs[-1][0] is group:
            count += runs.pop()[1]
        runs.append((group, count))


def _stretches(batch: Sequence[tuple[Submission, Order]]) -> Iterator[list[_Part]]:
    """The batch in stretches, the first a short one; a linked submission is never parted."""
    stretch: list[_Part] = []
    room = FIRST
    for submission, order in batch:
        count, start = len(submission.drafts), 0
        while start < count:
            stop = count if submission.linked else min(count, start + room)
            stretch.append(_Part(submission, order, start, stop))
            room -= stop - start
            start = stop
            if room <= 0:
                yield stretch
                stretch, room = [], STRETCH
    if stretch:
        yield stretch
