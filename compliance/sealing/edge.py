"""The right edge of a tree: all it takes to go on, and to compute its root."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from compliance.trail.merkle import HASH_SIZE, CompactRange, root_of
from compliance.trail.tiles import HEIGHT, WIDTH

Fetch = Callable[[int, int, int], bytes]
"""(level, index, width) → the first `width` hashes of that tile."""


@dataclass(frozen=True, slots=True)
class Full:
    """A tile that can never grow."""

    level: int
    index: int
    hashes: bytes
    root: bytes


class Edge:
    """For each level, from the leaves up, the hashes of its last tile, which is not full yet."""

    def __init__(self, size: int = 0, levels: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self._levels = [list(level) for level in levels]

    @classmethod
    def load(cls, size: int, fetch: Fetch) -> Self:
        """The edge of the tree's first `size` leaves. Raises LookupError where a tile is missing."""
        levels: list[list[bytes]] = []
        count = size
        while count:
            index, width = divmod(count, WIDTH)
            levels.append(_split(fetch(len(levels), index, width)) if width else [])
            count = index
        return cls(size, levels)

    def extended(self, leaves: Sequence[bytes]) -> tuple["Edge", list[Full]]:
        """The edge with more leaves, and the tiles that they fill. This one stays as it is."""
        following, filled = Edge(self.size + len(leaves), self._levels), []
        fresh, level, before = list(leaves), 0, self.size
        while fresh:
            tiles, fresh = following._grow(level, before, fresh)
            filled += tiles
            level, before = level + 1, before >> HEIGHT
        return following, filled

    def _grow(self, level: int, before: int, fresh: Sequence[bytes]) -> tuple[list[Full], list[bytes]]:
        """Adds hashes to a level that has had so many; the tiles that are full now, and their roots."""
        if level == len(self._levels):
            self._levels.append([])
        hashes = [*self._levels[level], *fresh]
        kept = len(hashes) - len(hashes) % WIDTH
        parts = [hashes[start : start + WIDTH] for start in range(0, kept, WIDTH)]
        self._levels[level] = hashes[kept:]
        first = before >> HEIGHT
        tiles = [Full(level, first + number, b"".join(part), root_of(part)) for number, part in enumerate(parts)]
        return tiles, [tile.root for tile in tiles]

    def root(self) -> bytes:
        """The root of the tree."""
        peaks = [peak for level in reversed(self._levels) for peak in _peaks(level)]
        return CompactRange(self.size, peaks).root()


def _peaks(hashes: Sequence[bytes]) -> Iterator[bytes]:
    """The roots of the largest full subtrees over a tile that is not full."""
    start = 0
    for height in reversed(range(HEIGHT)):
        if len(hashes) >> height & 1:
            yield root_of(hashes[start : start + (1 << height)])
            start += 1 << height


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[start : start + HASH_SIZE] for start in range(0, len(hashes), HASH_SIZE)]
