"""A replay: the projectors, what they are told, and what came of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

from compliance.replay import compare, log, spans
from compliance.replay.compare import Difference
from compliance.replay.moment import moment
from qenex.kernel.projections import Projector, Shadow, Span, projectors

Told = Callable[[str, int, int], None]
"""Hears of progress: what is done, how much of it, out of how much."""
KEPT = 10_000
"""How many differences of a table are kept one by one; more are only counted."""


@dataclass(slots=True)
class TableReport:
    """What became of one table."""

    name: str
    rows: int = 0
    """How many the log tells of."""
    count: int = 0
    """How many differences there are."""
    differences: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """What a replay has built and found."""

    projections: list[str]
    events: int = 0
    compared: bool = False
    seconds: float = 0.0
    tables: list[TableReport] = field(default_factory=list)

    @property
    def count(self) -> int:
        """All differences."""
        return sum(table.count for table in self.tables)


class Replay:
    """The states as they follow from a span of the log, in tables that last as long as the cursor's transaction."""

    def __init__(self, cursor: CursorWrapper, projectors: Sequence[Projector], span: Span, told: Told) -> None:
        self.cursor, self.projectors, self.span, self.told = cursor, projectors, span, told
        self.shadows = {table.name: Shadow(cursor, table) for each in projectors for table in each.tables}
        self.events = 0

    def build(self) -> None:
        """Reads the log and builds everything. Raises upcasting.FromTheFuture."""
        total = log.count(self.cursor, self.projectors, self.span)
        by_type: dict[str, list[Projector]] = {}
        for projector in self.projectors:
            for type in projector.events:
                by_type.setdefault(type, []).append(projector)
        for page in log.events(self.cursor, self.projectors, self.span):
            for event in page:
                for projector in by_type[event.type]:
                    projector.apply(event, self.shadows)
            self.events += len(page)
            self.told("events", self.events, total)
        self._build_sets()

    def _build_sets(self) -> None:
        self._settle()
        for number, projector in enumerate(self.projectors):
            self.told(projector.name, number, len(self.projectors))
            projector.build(self.shadows, self.span)
        self._settle()

    def _settle(self) -> None:
        for shadow in self.shadows.values():
            shadow.flush()
            self.cursor.execute(f"ANALYZE {shadow.table.shadow}")

    def rows(self, name: str) -> int:
        """How many rows a table has that was built."""
        self.cursor.execute(f"SELECT count(*) FROM {self.shadows[name].table.shadow}")  # noqa: S608  # a name of ours
        (found,) = self.cursor.fetchone()
        return int(found)

    def compare(self, name: str, report: TableReport) -> None:
        """Compares a table with the live one."""
        for difference in compare.differences(self.cursor, self.shadows[name]):
            report.count += 1
            if report.count <= KEPT:
                report.differences.append(difference)


@contextmanager
def opened(
    names: Sequence[str] = (),
    *,
    span: Callable[[CursorWrapper], Span] = spans.whole,
    begin: Callable[["Replay"], None] = lambda replay: None,
    using: str = "reader",
    told: Told = lambda *_: None,
) -> Iterator[Replay]:
    """Builds projections, and those that they look at, and keeps them for the block.

    `span` says which part of the log is read, `begin` may fill the tables with what came before it. Raises NoProjection
    for an unknown name, FromTheFuture for an event that a later version of this code has written, and what the two
    raise.
    """
    chosen = projectors(names)
    with moment(using) as cursor:
        built = Replay(cursor, chosen, span(cursor), told)
        begin(built)
        built.build()
        yield built


def replay(
    names: Sequence[str] = (),
    *,
    span: Callable[[CursorWrapper], Span] = spans.whole,
    begin: Callable[[Replay], None] = lambda replay: None,
    finish: Callable[[Replay], None] = lambda replay: None,
    compared: bool = True,
    using: str = "reader",
    told: Told = lambda *_: None,
) -> Report:
    """Builds the projections of these names, or all, and compares them with the live tables.

    All is of one moment, and writers go on meanwhile. Raises as `opened`, and what `finish` raises, which gets what was
    built.
    """
    began = time.monotonic()
    with opened(names, span=span, begin=begin, using=using, told=told) as built:
        finish(built)
        asked = [each for each in built.projectors if not names or each.name in names]
        report = Report([each.name for each in asked], built.events, compared)
        for table in (table for each in asked for table in each.tables):
            found = TableReport(table.name, built.rows(table.name))
            if compared:
                told(table.name, len(report.tables), len(asked))
                built.compare(table.name, found)
            report.tables.append(found)
    report.seconds = time.monotonic() - began
    return report
