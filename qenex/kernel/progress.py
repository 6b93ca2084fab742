"""Telling how far a long command is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from typing import Any

from tqdm import tqdm

LINE_SECONDS = 5.0


class Progress:
    """How much of `total` is done, on standard error."""

    def __init__(self, label: str, total: int, unit: str, *, quiet: bool = False) -> None:
        self._label, self._total, self._quiet = label, total, quiet
        self._told = time.monotonic()
        self._bar: Any = None
        if sys.stderr.isatty() and not quiet:
            self._bar = tqdm(total=total, desc=label, unit=unit, unit_scale=True, leave=False)

    def show(self, done: int, note: str = "") -> None:
        """Says that so much is done."""
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(done - self._bar.n)
        elif not self._quiet and time.monotonic() - self._told >= LINE_SECONDS:
            self._told = time.monotonic()
            share = f"{min(done / self._total, 1):.0%}" if self._total else "…"
            sys.stderr.write(f"{self._label}: {share} {note}\n")

    def close(self) -> None:
        """Removes the bar."""
        if self._bar is not None:
            self._bar.close()
