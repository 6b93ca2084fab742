"""Who signs beside us, and how lately."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from compliance.models import Checkpoint, Cosignature
from compliance.selectors.checkpoints import READER

LOOKED_AT = 200
"""How many of the newest checkpoints are looked at."""


class Witnessed(NamedTuple):
    """A witness, and the newest checkpoint that it has signed."""

    name: str
    size: int
    at: datetime


def cosignatures(sizes: Iterable[int]) -> dict[int, list[Cosignature]]:
    """The cosignatures of these checkpoints, in the order of the witnesses' names."""
    found: dict[int, list[Cosignature]] = {}
    for row in Cosignature.objects.using(READER).filter(size__in=list(sizes)).order_by("size", "witness"):
        found.setdefault(row.size, []).append(row)
    return found


def witnesses() -> list[Witnessed]:
    """The witnesses that have signed any of the newest checkpoints, by name."""
    newest = Checkpoint.objects.using(READER).order_by("-size").values_list("size", flat=True)[:LOOKED_AT]
    last: dict[str, Witnessed] = {}
    for size, rows in cosignatures(newest).items():
        last |= {row.witness: Witnessed(row.witness, size, row.at) for row in rows}
    return [last[name] for name in sorted(last)]
