"""Checkpoints as they are published, and tiles."""

from compliance.errors import NoCheckpoint, OutOfTree
from compliance.models import Checkpoint, Cosignature
from compliance.sealing import reading
from compliance.trail.tiles import HEIGHT, WIDTH, Tile

READER = "reader"


def newest() -> Checkpoint:
    """The checkpoint that was published last. Raises NoCheckpoint."""
    found = reading.latest(using=READER)
    if found is None:
        raise NoCheckpoint
    return found


def published(checkpoint: Checkpoint) -> str:
    """The note with the lines of the witnesses who signed it beside us, in the order of their names."""
    lines = Cosignature.objects.using(READER).filter(size=checkpoint.size).order_by("witness")
    return checkpoint.note + "".join(lines.values_list("line", flat=True))


def tile(wanted: Tile, size: int) -> bytes:
    """The hashes of a tile of the tree of that size. Raises OutOfTree where that tree has no such tile."""
    width = (size >> HEIGHT * wanted.level) - wanted.index * WIDTH
    if wanted.width > width:
        raise OutOfTree
    return reading.fetch(*wanted, using=READER)
