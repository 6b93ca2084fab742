"""Stored events, one of every version of every type, as they were written in their time."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from qenex.kernel import events

FOLDER = Path(__file__).parents[1] / "compliance" / "events"
WRITING = "EVENT_SAMPLES_WRITE" in os.environ
"""Whether the tests keep an event of each version that has none yet: `make event-samples`."""


def path(type: str, version: int) -> Path:
    """Where the event of a version is kept: its canonical bytes."""
    return FOLDER / f"{type}.v{version}.json"


@contextmanager
def kept() -> Iterator[None]:
    """Within the block, the first event of each version that is not known yet is kept, where that was asked for."""
    if not WRITING:
        yield
        return
    with patch("qenex.kernel.events.write", _write):
        yield


def _write(drafts: Sequence[events.Draft], **options: Any) -> None:
    _real(drafts, **options)
    for each in drafts:
        wanted = path(each.type, each.version)
        if not each.type.startswith("test.") and not wanted.exists():
            FOLDER.mkdir(exist_ok=True)
            wanted.write_bytes(each.body())


_real = events.write
