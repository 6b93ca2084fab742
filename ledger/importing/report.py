"""What became of the lines: the counts, the sums, and a file of those that were refused."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ledger.importing.problems import FileProblem
from ledger.models import Asset
from qenex.kernel.money import format_units


class Outcome:
    """The counts of one run."""

    def __init__(self) -> None:
        self.lines = 0
        self.posted = 0
        self.repeated = 0
        """Lines that had been posted before."""
        self.held = 0
        """Lines that a gate turned into holds."""
        self.refused = 0
        self.codes: Counter[str] = Counter()
        self.sums: Counter[str] = Counter()
        """Asset → units of the lines that stand in the book now."""
        self.places: dict[str, int] = {}
        self.accounts = 0
        self.assets = 0
        self.seconds = 0.0

    def stands(self, status: str, asset: Asset, units: int) -> None:
        """Counts a line that is in the book."""
        if status == "repeated":
            self.repeated += 1
        elif status == "held":
            self.held += 1
        else:
            self.posted += 1
        self.sums[asset.code] += units
        self.places[asset.code] = asset.places

    @property
    def rate(self) -> float:
        """Lines a second."""
        return self.lines / self.seconds if self.seconds else 0.0

    def text(self, book: str, *, dry_run: bool) -> str:
        """The summary, a few lines."""
        verb = "would be posted" if dry_run else "posted"
        parts = [f"{self.posted:,} {verb}", f"{self.repeated:,} known before", f"{self.refused:,} refused"]
        if self.held:
            parts.insert(1, f"{self.held:,} held by a limit")
        made = f"{self.accounts:,} accounts and {self.assets:,} assets {'would be' if dry_run else 'were'} made"
        sums = sorted(f"{asset} {format_units(units, self.places[asset])}" for asset, units in self.sums.items())
        return (
            f"Book {book}: {self.lines:,} lines in {self.seconds:.1f} s ({self.rate:,.0f} lines/s).\n"
            f"Of these, {', '.join(parts)}; {made}.\n"
            f"Sum of the lines that {'are good' if dry_run else 'stand'}: {', '.join(sums) or 'nothing'}."
        )


class Errors:
    """The file of refused lines, made when the first one comes."""

    HEADER = ("line", "code", "message", "original")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        """Removes what an earlier run has left, where it can; its lines may be good by now."""
        with suppress(OSError), self.path.open(encoding="utf-8", errors="replace") as earlier:
            if earlier.readline().strip() == ",".join(self.HEADER):
                self.path.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, number: int, code: str, message: str, original: str) -> None:
        """Writes one line. Raises FileProblem where the file cannot be written."""
        with self._writing():
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
                self._writer = csv.writer(self._file)
                self._writer.writerow(self.HEADER)
            self._writer.writerow((number, code, message, original))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileProblem(f"{self.path} cannot be written ({error.strerror}); name another with --errors") from None
