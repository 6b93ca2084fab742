"""A tree in tiles of 256 hashes (C2SP tlog-tiles, height 8): their names, which ones a tree has, and proofs from them.

A tile at level l holds the roots of full subtrees of 256**l leaves. A proof needs two or three tiles, however large
the tree is, so that nobody has to hold the leaves.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from compliance.trail import merkle

HEIGHT = 8
WIDTH = 1 << HEIGHT

Fetch = Callable[[int, int, int], bytes]
"""(level, index, width) → the first `width` hashes of that tile, 32 bytes each."""

_PATH = re.compile(r"tile/([0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TileInvalid(ValueError):
    """A path names no tile, or a tile has not the bytes that its width asks for."""


class Tile(NamedTuple):
    """A tile of a tree: 256 hashes wide, or less at the tree's right edge."""

    level: int
    index: int  # type: ignore[assignment]  # a tile's, and no search in the tuple
    width: int = WIDTH

    @property
    def full(self) -> bool:
        """Whether it can never grow."""
        return self.width == WIDTH

    @property
    def path(self) -> str:
        """`tile/<level>/<index>[.p/<width>]`, the index in groups of three digits."""
        groups, rest = [f"{self.index % 1000:03d}"], self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03d}")
            rest //= 1000
        return f"tile/{self.level}/{'/'.join(reversed(groups))}" + ("" if self.full else f".p/{self.width}")


def parse(path: str) -> Tile:
    """The tile of a path. Raises TileInvalid on all but the one way to write it."""
    if found := _PATH.fullmatch(path):
        level, index, width = found.groups()
        tile = Tile(int(level), int(index.replace("/", "").replace("x", "")), int(width or WIDTH))
        if tile.level < 64 and tile.path == path:
            return tile
    raise TileInvalid(f"{path!r} names no tile")


def new_tiles(old_size: int, new_size: int) -> list[Tile]:
    """The tiles that a tree of the new size has and one of the old size had not, partial ones included, by level."""
    tiles, level = [], 0
    while new := new_size >> HEIGHT * level:
        old = old_size >> HEIGHT * level
        if new > old:
            tiles += [Tile(level, index) for index in range(old >> HEIGHT, new >> HEIGHT)]
            if width := new % WIDTH:
                tiles.append(Tile(level, new >> HEIGHT, width))
        level += 1
    return tiles


def inclusion_proof(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """The audit path of a leaf (RFC 6962, section 2.1.1). Raises ValueError where there is no such leaf."""
    return _hashes(merkle.inclusion_path(index, size), size, fetch)


def consistency_proof(size1: int, size2: int, fetch: Fetch) -> list[bytes]:
    """That one tree is a prefix of another (RFC 6962, section 2.1.2). Raises ValueError unless 0 < size1 <= size2."""
    return _hashes(merkle.consistency_path(size1, size2), size2, fetch)


def root(size: int, fetch: Fetch) -> bytes:
    """The root of the first `size` leaves."""
    return _hashes([range(size)], size, fetch)[0] if size else merkle.EMPTY


def peaks(size: int, fetch: Fetch) -> list[bytes]:
    """The roots of the full subtrees of the first `size` leaves, left to right: the hashes of their CompactRange."""
    return _peaks(range(size), _reader(size, fetch))


def _hashes(ranges: list[range], size: int, fetch: Fetch) -> list[bytes]:
    read = _reader(size, fetch)
    return [merkle.CompactRange(len(some), _peaks(some, read)).root() for some in ranges]


def _reader(size: int, fetch: Fetch) -> Callable[[int, int], bytes]:
    """A way to read tiles of a tree of this size, each once. It raises TileInvalid where the length is wrong."""

    @cache
    def read(level: int, index: int) -> bytes:
        width = min(WIDTH, (size >> HEIGHT * level) - index * WIDTH)
        hashes = fetch(level, index, width)
        if len(hashes) != width * merkle.HASH_SIZE:
            raise TileInvalid(f"{Tile(level, index, width).path} has {len(hashes)} bytes")
        return hashes

    return read


def _peaks(leaves: range, read: Callable[[int, int], bytes]) -> list[bytes]:
    """The roots of the largest full subtrees of leaves that begin where such a subtree can."""
    found, start = [], leaves.start
    while rest := leaves.stop - start:
        height = rest.bit_length() - 1
        found.append(_node(height, start >> height, read))
        start += 1 << height
    return found


def _node(height: int, index: int, read: Callable[[int, int], bytes]) -> bytes:
    """The root of the full subtree of 2**height leaves at that index among its like."""
    level, within = divmod(height, HEIGHT)
    count = 1 << within
    tile, first = divmod(index * count, WIDTH)
    hashes = read(level, tile)
    size = merkle.HASH_SIZE
    return merkle.root_of(hashes[at * size : (at + 1) * size] for at in range(first, first + count))
