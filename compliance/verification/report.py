"""What the verification of the trail looked at and found."""

from dataclasses import asdict, dataclass, field
from typing import Any

from ledger.verification.report import KEPT, Difference, name


@dataclass(slots=True)
class TrailReport:
    """Counts of what was looked at, and what differs."""

    leaves: int = 0
    root: str = ""
    tiles: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    transfers: int = 0
    unsealed: int = 0
    """Events that were recorded and have no leaf yet: the sealer's next round takes them."""
    differences: list[Difference] = field(default_factory=list)
    count: int = 0

    def differ(self, table: str, id: object, what: str, stored: object, computed: object) -> None:
        """Notes a difference."""
        self.count += 1
        if len(self.differences) < KEPT:
            self.differences.append(Difference(table, name(id), what, _short(stored), _short(computed)))

    def compare(self, table: str, id: object, what: str, stored: object, computed: object) -> None:
        """Notes a difference where there is one."""
        if stored != computed:
            self.differ(table, id, what, stored, computed)

    def take(self, differences: list[Difference], count: int) -> None:
        """Adds what another verification has found."""
        self.count += count
        self.differences += differences[: max(0, KEPT - len(self.differences))]

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return {"clean": not self.count, **asdict(self)}


def _short(value: object) -> str:
    """A value as it is printed; of bytes the beginning in hexadecimal."""
    if isinstance(value, bytes) and len(value) != 16:
        return value[:32].hex() + ("…" if len(value) > 32 else "")
    return name(value)
