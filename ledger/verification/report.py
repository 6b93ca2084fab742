"""What was found: one difference, and all of a book's."""

from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from qenex.kernel.money import format_units

KEPT = 10_000
"""How many differences of a book are kept one by one; more are only counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is stored and is not what the facts say."""

    table: str
    id: str
    what: str
    stored: str
    computed: str

    def __str__(self) -> str:
        return f"{self.table} {self.id}: {self.what} is {self.stored}, computed {self.computed}"


@dataclass(slots=True)
class BookReport:
    """What the verification of one book looked at and found."""

    book: str
    transfers: int = 0
    accounts: int = 0
    holds: int = 0
    journals: int = 0
    events: int = 0
    totals: dict[str, dict[str, str]] = field(default_factory=dict)
    """Asset → the sums of all debits and of all credits, as the stored balances have them."""
    differences: list[Difference] = field(default_factory=list)
    count: int = 0
    """How many differences there are."""

    def differ(self, table: str, id: object, what: str, stored: object, computed: object) -> None:
        """Notes a difference."""
        self.count += 1
        if len(self.differences) < KEPT:
            self.differences.append(Difference(table, name(id), what, name(stored), name(computed)))

    def compare(self, table: str, id: object, what: str, stored: object, computed: object) -> None:
        """Notes a difference where there is one."""
        if stored != computed:
            self.differ(table, id, what, stored, computed)

    def amount(self, table: str, id: object, what: str, stored: int, computed: int) -> None:
        """Notes a difference of two amounts in units where there is one."""
        if stored != computed:
            self.differ(table, id, what, format_units(stored, 0), format_units(computed, 0))

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return asdict(self)


def name(value: object) -> str:
    """A value as it is printed; an id of 16 bytes as a UUID."""
    if isinstance(value, bytes) and len(value) == 16:
        return str(UUID(bytes=value))
    return "nothing" if value is None else str(value)
