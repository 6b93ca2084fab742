"""Tiles: the names of C2SP, which tiles a tree has, and proofs that are the ones made from all leaf hashes."""

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.trail import merkle, tiles

MANY = 65_537 + 300
EDGES = [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, MANY]


@cache
def levels() -> list[list[bytes]]:
    """The roots of all full subtrees of 256**level leaves, for each level."""
    found = [[merkle.leaf_hash(at.to_bytes(4, "big")) for at in range(MANY)]]
    while len(found[-1]) >= tiles.WIDTH:
        below = found[-1]
        found.append([merkle.root_of(below[at : at + 256]) for at in range(0, len(below) - 255, 256)])
    return found


def fetch(level: int, index: int, width: int) -> bytes:
    """A store of tiles in which each that is asked for is there."""
    hashes = levels()[level][index * 256 : index * 256 + width]
    assert len(hashes) == width
    return b"".join(hashes)


def only(size: int) -> Callable[[int, int, int], bytes]:
    """A store that has just the tiles of a tree of this size."""
    there = set(tiles.new_tiles(0, size))

    def get(level: int, index: int, width: int) -> bytes:
        assert tiles.Tile(level, index, width) in there
        return fetch(level, index, width)

    return get


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (tiles.Tile(0, 0), "tile/0/000"),
        (tiles.Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (tiles.Tile(1, 999, 17), "tile/1/999.p/17"),
        (tiles.Tile(63, 1000, 255), "tile/63/x001/000.p/255"),
    ],
)
def test_a_tile_has_one_path(tile: tiles.Tile, path: str) -> None:
    assert tile.path == path
    assert tiles.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("", "tile", "tile/0", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000"),
        *("tile/0/x000/000", "tile/0/001/000", "tile/0/x001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01"),
        *("tile/0/000.p/", "tile/0/000\n", "/tile/0/000", "tile/0/000/", "tile/0/../000", "tile/8", "tile/entries/000"),
        "tile/0/\u0660\u0660\u0660",
    ],
)
def test_what_names_no_tile_is_refused(path: str) -> None:
    with pytest.raises(tiles.TileInvalid, match="names no tile"):
        tiles.parse(path)


@given(st.integers(0, 63), st.integers(0, 1 << 50), st.integers(1, 256))
def test_any_tile_is_found_by_its_path(level: int, index: int, width: int) -> None:
    assert tiles.parse(tiles.Tile(level, index, width).path) == (level, index, width)


def test_the_tiles_of_70_000_leaves_are_those_of_the_specification() -> None:
    found = tiles.new_tiles(0, 70_000)
    full = [sum(tile.full for tile in found if tile.level == level) for level in range(3)]
    assert full == [273, 1, 0]
    assert [tile for tile in found if not tile.full] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert tiles.new_tiles(0, 256) == [(0, 0, 256), (1, 0, 1)]


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=6).map(sorted))
def test_a_tree_that_grows_in_steps_has_the_same_full_tiles_each_once(sizes: list[int]) -> None:
    steps = zip([0, *sizes], sizes, strict=False)
    grown = [tile for old, new in steps for tile in tiles.new_tiles(old, new) if tile.full]
    assert sorted(grown) == sorted(tile for tile in tiles.new_tiles(0, sizes[-1]) if tile.full)
    assert tiles.new_tiles(sizes[-1], sizes[-1]) == []


@pytest.mark.parametrize("size", EDGES)
def test_proofs_from_tiles_are_those_from_all_leaf_hashes(size: int) -> None:
    leaf_hashes = levels()[0][:size]
    root = merkle.root_of(leaf_hashes)
    assert tiles.root(size, only(size)) == root
    assert merkle.CompactRange(size, tiles.peaks(size, only(size))).root() == root
    for index in {0, size // 2, size - 1, min(size - 1, 255), min(size - 1, 256)}:
        assert tiles.inclusion_proof(index, size, only(size)) == merkle.inclusion_proof(index, leaf_hashes)
    for old in {1, size // 2 or 1, max(size - 1, 1), min(size, 256), size}:
        assert tiles.consistency_proof(old, size, only(size)) == merkle.consistency_proof(old, leaf_hashes)


@settings(max_examples=60)
@given(st.integers(1, MANY), st.data())
def test_proofs_from_tiles_hold(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root, older = tiles.root(size, only(size)), tiles.root(old, fetch)
    proof = tiles.inclusion_proof(index, size, only(size))
    assert merkle.verify_inclusion(levels()[0][index], index, size, proof, root)
    assert merkle.verify_consistency(old, size, older, root, tiles.consistency_proof(old, size, only(size)))


def test_the_empty_tree_needs_no_tile() -> None:
    assert tiles.root(0, only(0)) == merkle.EMPTY
    assert tiles.peaks(0, only(0)) == []
    with pytest.raises(ValueError, match="has no leaf 0"):
        tiles.inclusion_proof(0, 0, only(0))


@pytest.mark.parametrize("bytes_more", [-32, -1, 1, 32])
def test_a_tile_of_another_length_is_refused(bytes_more: int) -> None:
    def wrong(level: int, index: int, width: int) -> bytes:
        return (fetch(level, index, width) + bytes(32))[: width * 32 + bytes_more]

    with pytest.raises(tiles.TileInvalid, match=rf"tile/0/000.p/7 has {7 * 32 + bytes_more} bytes"):
        tiles.root(7, wrong)


def test_a_proof_reads_each_tile_once() -> None:
    asked: list[tuple[int, int, int]] = []

    def counting(level: int, index: int, width: int) -> bytes:
        asked.append((level, index, width))
        return fetch(level, index, width)

    tiles.inclusion_proof(12_345, MANY, counting)
    assert len(asked) == len(set(asked)) <= 6
