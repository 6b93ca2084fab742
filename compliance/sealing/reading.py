"""What has been sealed, for whoever proves it."""

from uuid import UUID

from django.db import connections

from compliance.models import Checkpoint, Leaf
from compliance.trail.merkle import HASH_SIZE
from compliance.trail.tiles import WIDTH

_TILE = "SELECT hashes FROM compliance_tile WHERE level = %s AND index = %s"
_LEAVES = "SELECT hash FROM compliance_leaf WHERE position >= %s AND position < %s ORDER BY position"
_ROOTS = "SELECT root FROM compliance_tile WHERE level = %s AND index >= %s AND index < %s ORDER BY index"


def fetch(level: int, index: int, width: int, *, using: str = "reader") -> bytes:
    """The first `width` hashes of a tile, 32 bytes each: `compliance.trail.tiles.Fetch`.

    Raises LookupError where the tree has not so many.
    """
    start = index * WIDTH
    with connections[using].cursor() as cursor:
        cursor.execute(_TILE, [level, index])
        row = cursor.fetchone()
        if row is None and level == 0:
            cursor.execute(_LEAVES, [start, start + width])
        elif row is None:
            cursor.execute(_ROOTS, [level - 1, start, start + width])
        hashes = bytes(row[0]) if row else b"".join(bytes(each) for (each,) in cursor.fetchall())
    if len(hashes) < HASH_SIZE * width:
        raise LookupError(f"tile {level}/{index} has fewer than {width} hashes")
    return hashes[: HASH_SIZE * width]


def size_sealed(*, using: str = "reader") -> int:
    """How many events have a position, whether a checkpoint covers them yet or not."""
    last = Leaf.objects.using(using).order_by("-position").values_list("position", flat=True).first()
    return 0 if last is None else last + 1


def latest(*, using: str = "reader") -> Checkpoint | None:
    """The newest checkpoint; none where nothing was signed yet."""
    return Checkpoint.objects.using(using).order_by("-size").first()


def position_of(event_id: UUID, *, using: str = "reader") -> int | None:
    """The event's place in the tree; none where it has no place yet."""
    return Leaf.objects.using(using).filter(event_id=event_id).values_list("position", flat=True).first()
