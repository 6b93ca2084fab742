"""The Merkle tree hash of RFC 6962, section 2.1: leaves and nodes are hashed apart, so neither passes for the other."""

from collections.abc import Iterable
from hashlib import sha256

EMPTY = sha256().digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf's bytes."""
    return sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    """The hashes of many leaves, in their order."""
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node with these two children."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes in their order; the hash of nothing where there are none."""
    level = list(leaf_hashes)
    if not level:
        return EMPTY
    while len(level) > 1:
        # An odd last node rises unchanged, which gives the same root as RFC 6962's split at the largest power of two.
        odd = [level[-1]] if len(level) % 2 else []
        pairs = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)] + odd
    return level[0]
