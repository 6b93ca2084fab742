"""Proofs out of tiles: a handful of rows, however large the tree is."""

from functools import partial
from typing import NamedTuple

from compliance.errors import NotSealed, OutOfTree
from compliance.models import Checkpoint, Leaf
from compliance.sealing import reading
from compliance.selectors.checkpoints import READER
from compliance.trail import tiles

_fetch = partial(reading.fetch, using=READER)


class Inclusion(NamedTuple):
    """That a leaf is at its place in the tree of that size and root (RFC 6962, section 2.1.1)."""

    position: int
    leaf_hash: bytes
    size: int
    root: bytes
    proof: list[bytes]


class Consistency(NamedTuple):
    """That a tree is the beginning of another (RFC 6962, section 2.1.2)."""

    size1: int
    root1: bytes
    size2: int
    root2: bytes
    proof: list[bytes]


def inclusion(leaf: Leaf, under: Checkpoint, size: int | None = None) -> Inclusion:
    """The proof of a leaf in the tree of a checkpoint, or of a smaller size.

    Raises NotSealed where the checkpoint does not cover the leaf, and OutOfTree on a size that is larger than it or
    does not hold the leaf.
    """
    if leaf.position >= under.size:
        raise NotSealed
    size = under.size if size is None else size
    if not leaf.position < size <= under.size:
        raise OutOfTree
    proof = tiles.inclusion_proof(leaf.position, size, _fetch)
    return Inclusion(leaf.position, bytes(leaf.hash), size, _root(size, under), proof)


def consistency(size1: int, size2: int, under: Checkpoint) -> Consistency:
    """The proof between two sizes of the signed tree. Raises OutOfTree unless 0 < size1 <= size2 <= its size."""
    if not 0 < size1 <= size2 <= under.size:
        raise OutOfTree
    proof = tiles.consistency_proof(size1, size2, _fetch)
    return Consistency(size1, _root(size1, under), size2, _root(size2, under), proof)


def _root(size: int, under: Checkpoint) -> bytes:
    return bytes(under.root) if size == under.size else tiles.root(size, _fetch)
