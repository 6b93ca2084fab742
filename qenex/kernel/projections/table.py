"""What a projector rebuilds of one table."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Table:
    """A live table: the columns that follow from the log, and those that do not, each with why."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...] = ()
    """Besides the key."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Column → why it is not rebuilt: a secret, something technical."""
    live: str = ""
    """The SELECT of key and columns, where it is not plainly the table's."""

    counts: str = "TRUE"
    """What holds for the live rows that are compared, as SQL, where it is not all of them."""
    told: str = "TRUE"
    """The same for the replayed rows."""

    @property
    def shadow(self) -> str:
        """The name of the table beside it."""
        return f"replay_{self.name}"

    @property
    def fields(self) -> tuple[str, ...]:
        """Key and columns."""
        return self.key + self.columns

    @property
    def select(self) -> str:
        """The query of what is live."""
        names = ", ".join(f'"{each}"' for each in self.fields)
        return self.live or f'SELECT {names} FROM "{self.name}"'  # noqa: S608  # names from the code
