"""The Merkle tree of RFC 6962, section 2.1, with SHA-256: roots, proofs and their verification; ranges that can grow.

Functions that take leaves take their data; all others take leaf hashes, which are 32 bytes. What verifies answers
False to whatever is wrong with its values, and raises nothing.
"""

from collections.abc import Iterable, Sequence

from qenex.kernel.merkle import EMPTY, leaf_hash, node_hash
from qenex.kernel.merkle import root as root_of

__all__ = [
    "EMPTY",
    "CompactRange",
    "consistency_path",
    "consistency_proof",
    "inclusion_path",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root",
    "root_of",
    "verify_consistency",
    "verify_inclusion",
]

HASH_SIZE = 32
_BLOCK_HEIGHT = 8


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over the data of leaves, MTH of RFC 6962, section 2.1; the hash of nothing where there are none."""
    return root_of(map(leaf_hash, leaves))


def inclusion_path(index: int, size: int) -> list[range]:
    """The leaves under each node of PATH(index, D[size]) of RFC 6962, section 2.1.1, from the leaf's sibling upwards.

    Raises ValueError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path, start, end = [], 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            path.append(range(split, end))
            end = split
        else:
            path.append(range(start, split))
            start = split
    return path[::-1]


def consistency_path(size1: int, size2: int) -> list[range]:
    """The leaves under each node of PROOF(size1, D[size2]) of RFC 6962, section 2.1.2, in its order.

    Raises ValueError unless 0 < size1 <= size2: nothing can be proven of the empty tree.
    """
    if not 0 < size1 <= size2:
        raise ValueError(f"there is no proof from {size1} to {size2} leaves")
    path, start, end = [], 0, size2
    while size1 != end:
        split = start + _split(end - start)
        if size1 <= split:
            path.append(range(split, end))
            end = split
        else:
            path.append(range(start, split))
            start = split
    # The verifier knows the old root, so it is not repeated where it is itself a node of the new tree.
    return path[::-1] if start == 0 else [range(start, end), *path[::-1]]


def _split(count: int) -> int:
    """The largest power of two below the count, which is 2 or more."""
    return 1 << (count - 1).bit_length() - 1


def inclusion_proof(index: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """The audit path of a leaf, PATH of RFC 6962, section 2.1.1. Raises ValueError where there is no such leaf."""
    path = inclusion_path(index, len(leaf_hashes))
    return [root_of(leaf_hashes[some.start : some.stop]) for some in path]


def consistency_proof(size1: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """That the first leaves are a prefix of all: PROOF of RFC 6962, section 2.1.2.

    Raises ValueError unless 0 < size1 <= the number of leaf hashes.
    """
    path = consistency_path(size1, len(leaf_hashes))
    return [root_of(leaf_hashes[some.start : some.stop]) for some in path]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes] | None, root: bytes) -> bool:
    """Whether the proof leads from the leaf at the index to the root of the tree: RFC 9162, section 2.1.3.2.

    No proof at all is the empty one, which holds in a tree of one leaf.
    """
    path = _hashes(proof)
    if path is None or not _is_hash(leaf_hash) or not 0 <= index < size:
        return False
    at, last, reached = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            reached = node_hash(sibling, reached)
            at, last = _climb(at, last)
        else:
            reached = node_hash(reached, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and reached == root


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes] | None) -> bool:
    """Whether the proof shows the tree of root1 to be a prefix of that of root2: RFC 9162, section 2.1.4.2.

    Trees of one size need equal roots and an empty proof. Of the empty tree nothing is proven: the answer is False.
    """
    path = _hashes(proof)
    if path is None or not 0 < size1 <= size2:
        return False
    if size1 == size2:
        return not path and root1 == root2
    if size1 & (size1 - 1) == 0 and _is_hash(root1):
        path = [root1, *path]
    return len(path) > 1 and _leads_to_both(size1, size2, root1, root2, path)


def _leads_to_both(size1: int, size2: int, root1: bytes, root2: bytes, path: Sequence[bytes]) -> bool:
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    reached1 = reached2 = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            reached1, reached2 = node_hash(sibling, reached1), node_hash(sibling, reached2)
            at, last = _climb(at, last)
        else:
            reached2 = node_hash(reached2, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and reached1 == root1 and reached2 == root2


def _climb(at: int, last: int) -> tuple[int, int]:
    """Up the tree's right edge, where nodes have no sibling and rise unchanged."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _hashes(proof: Sequence[bytes] | None) -> Sequence[bytes] | None:
    """The proof, empty for none; None where an element is no hash."""
    path = proof or ()
    return path if all(map(_is_hash, path)) else None


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_SIZE


class CompactRange:
    """The first leaves of a tree as the roots of its largest full subtrees, left to right: all it takes to go on.

    There is one for each bit that is set in the size. Raises ValueError where the number of hashes is another.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(hashes)
        if size < 0 or len(self._peaks) != size.bit_count() or not all(map(_is_hash, self._peaks)):
            raise ValueError(f"the hashes are not those of a range of {size} leaves")

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The roots of the full subtrees, the largest first."""
        return tuple(self._peaks)

    def append(self, leaf_hash: bytes) -> None:
        """Adds one leaf at the end."""
        self._push(leaf_hash, 0)

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Adds leaves at the end. Whole subtrees of 256 are hashed level by level."""
        block: list[bytes] = []
        for each in leaf_hashes:
            if block or not self.size & 255:
                block.append(each)
                if len(block) == 1 << _BLOCK_HEIGHT:
                    self._push(root_of(block), _BLOCK_HEIGHT)
                    block.clear()
            else:
                self._push(each, 0)
        for each in block:
            self._push(each, 0)

    def root(self) -> bytes:
        """The root of the tree of these leaves."""
        if not self._peaks:
            return EMPTY
        *rest, reached = self._peaks
        for peak in reversed(rest):
            reached = node_hash(peak, reached)
        return reached

    def _push(self, reached: bytes, height: int) -> None:
        """Adds the root of a full subtree, where the size is a multiple of its width."""
        count = self.size >> height
        while count & 1:
            reached = node_hash(self._peaks.pop(), reached)
            count >>= 1
        self._peaks.append(reached)
        self.size += 1 << height
