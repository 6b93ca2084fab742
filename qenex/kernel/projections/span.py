"""Which part of the log is replayed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Position:
    """The place of an event in the order of the log, as `qenex.kernel.cursors` has it."""

    transaction: int
    event_id: UUID

    @property
    def literal(self) -> str:
        """As SQL has it."""
        return f"({int(self.transaction)}, '{UUID(str(self.event_id))}'::uuid)"


@dataclass(frozen=True, slots=True)
class Span:
    """The events behind one place and up to another, or up to a moment; both ends are open unless given."""

    after: Position | None = None
    upto: Position | None = None
    before: datetime | None = None
    """The last moment at which an event may have been recorded."""

    @property
    def whole(self) -> bool:
        """Whether it is all of the log."""
        return self.after is None and self.upto is None and self.before is None

    @property
    def condition(self) -> str:
        """What holds for an event `e` of the span, as SQL; it has no parameters."""
        found = []
        if self.after is not None:
            found.append(f"(e.transaction, e.id) > {self.after.literal}")
        if self.upto is not None:
            found.append(f"(e.transaction, e.id) <= {self.upto.literal}")
        if self.before is not None:
            found.append(f"e.recorded_at <= '{self.before.isoformat()}'::timestamptz")
        return " AND ".join(found) or "TRUE"

    def of_event(self, column: str) -> str:
        """The same for a row that names its event in this column."""
        if self.whole:
            return "TRUE"
        return f"{column} IN (SELECT e.id FROM kernel_event e WHERE {self.condition})"  # noqa: S608  # checked parts


EVERYTHING = Span()
