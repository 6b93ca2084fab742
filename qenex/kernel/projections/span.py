"""Which part of the log is replayed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Some of the events, in the order of the log: all, unless `condition` says which."""

    condition: str = "TRUE"
    """What holds for an event `e` of the span, as SQL without parameters."""
    order: str = "e.transaction, e.id"
    """The order of the log, as SQL."""

    def of_event(self, column: str) -> str:
        """The condition for a row that names its event in this column."""
        if self.condition == "TRUE":
            return "TRUE"
        return f"{column} IN (SELECT e.id FROM kernel_event e WHERE {self.condition})"  # noqa: S608  # not of a user


EVERYTHING = Span()
