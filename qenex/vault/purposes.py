"""What is signed, and how long its keys must be known before and after they sign."""

from datetime import timedelta
from typing import NamedTuple


class Purpose(NamedTuple):
    """The moments of a purpose's keys."""

    ahead: timedelta
    """How long a key is published before it signs: longer than anybody keeps a list of keys."""
    kept: timedelta | None
    """How long a key is published after it has signed last: as long as its signatures count; none: for ever."""


PURPOSES = {
    "tokens": Purpose(timedelta(minutes=15), timedelta(days=2)),
    "checkpoints": Purpose(timedelta(hours=1), None),
    "gateway": Purpose(timedelta(hours=1), None),
}


def of(purpose: str) -> Purpose:
    """The purpose by its name. Raises ValueError for one that nobody has declared."""
    try:
        return PURPOSES[purpose]
    except KeyError:
        raise ValueError(f"nothing is signed for {purpose!r}; there are {', '.join(sorted(PURPOSES))}") from None
