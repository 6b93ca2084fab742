"""Roots and proofs against the published vectors and against RFC 6962 word by word; nothing altered is believed."""

from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.trail import merkle
from tests.compliance.trail.vectors import hashes, published, shared

TREE = published("rfc6962_tree")
LEAVES = [bytes.fromhex(leaf) for leaf in TREE["leaf_inputs_hex"]]


def _cases(name: str) -> list[Any]:
    sets = [published(name), (shared("compliance.json") or {}).get(name, {"cases": []})]
    return list({case["file"]: case for some in sets for case in some["cases"]}.values())


def _name(case: Any) -> str:
    return str(case["file"]).removeprefix("testdata/").removesuffix(".json")


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1."""
    if len(leaves) < 2:
        return sha256(b"\x00" + leaves[0]).digest() if leaves else sha256().digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*path(index, leaves[:split]), mth(leaves[split:])]
    return [*path(index - split, leaves[split:]), mth(leaves[:split])]


def subproof(size: int, leaves: Sequence[bytes], known: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    if size == len(leaves):
        return [] if known else [mth(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= split:
        return [*subproof(size, leaves[:split], known), mth(leaves[split:])]
    return [*subproof(size - split, leaves[split:], False), mth(leaves[:split])]


@pytest.mark.parametrize("case", _cases("rfc6962_inclusion_proofs"), ids=_name)
def test_published_inclusion_proofs(case: Any) -> None:
    leaf, root = b64decode(case["leafHash"]), b64decode(case["root"])
    verdict = merkle.verify_inclusion(leaf, case["leafIdx"], case["treeSize"], hashes(case["proof"]), root)
    assert verdict is not case["wantErr"]


@pytest.mark.parametrize("case", _cases("rfc6962_consistency_proofs"), ids=_name)
def test_published_consistency_proofs(case: Any) -> None:
    roots = b64decode(case["root1"]), b64decode(case["root2"])
    verdict = merkle.verify_consistency(case["size1"], case["size2"], *roots, hashes(case["proof"]))
    assert verdict is not case["wantErr"]


def test_published_roots() -> None:
    assert merkle.root([]).hex() == TREE["empty_root_hex"]
    assert [merkle.root(LEAVES[:size]).hex() for size in range(1, 9)] == TREE["root_hex_by_size_1_to_8"]


leaves = st.lists(st.binary(max_size=4), min_size=1, max_size=80)


@given(leaves)
def test_every_leaf_is_proven_as_the_rfc_has_it(data: list[bytes]) -> None:
    leaf_hashes, root = [merkle.leaf_hash(leaf) for leaf in data], merkle.root(data)
    assert root == mth(data) == merkle.root_of(leaf_hashes)
    for index, leaf in enumerate(leaf_hashes):
        proof = merkle.inclusion_proof(index, leaf_hashes)
        assert proof == path(index, data)
        assert merkle.verify_inclusion(leaf, index, len(data), proof, root)


@given(leaves)
def test_every_prefix_is_proven_as_the_rfc_has_it(data: list[bytes]) -> None:
    leaf_hashes, root = [merkle.leaf_hash(leaf) for leaf in data], merkle.root(data)
    for size in range(1, len(data) + 1):
        proof = merkle.consistency_proof(size, leaf_hashes)
        assert proof == subproof(size, data)
        assert merkle.verify_consistency(size, len(data), mth(data[:size]), root, proof)


def _altered(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """A proof that differs in a bit, an element more or less, or the order."""
    at = data.draw(st.integers(0, len(proof)))
    flipped = [bytes([each[0] ^ 1 << at % 8]) + each[1:] for each in proof[at : at + 1]]
    ways = {
        "flip": [*proof[:at], *flipped, *proof[at + 1 :]],
        "drop": proof[:at] + proof[at + 1 :],
        "add": [*proof[:at], merkle.leaf_hash(b"new"), *proof[at:]],
        "repeat": [*proof[:at], *proof[at : at + 1], *proof[at:]],
        "short": [*proof[:at], *(each[:-1] for each in proof[at : at + 1]), *proof[at + 1 :]],
        "turn": proof[::-1],
        "root": [*proof, merkle.EMPTY],
    }
    return data.draw(st.sampled_from([way for way in ways.values() if way != proof] or [[merkle.EMPTY]]))


distinct = st.lists(st.binary(max_size=4), min_size=1, max_size=80, unique=True)
HUGE = st.sampled_from([-1, 1 << 63, 1 << 64, (1 << 64) - 1, 1 << 70])


@given(distinct, st.data())
def test_an_inclusion_proof_that_was_altered_is_refused(leaves: list[bytes], data: st.DataObject) -> None:
    leaf_hashes, size = [merkle.leaf_hash(leaf) for leaf in leaves], len(leaves)
    index = data.draw(st.integers(0, size - 1))
    root, leaf, proof = merkle.root(leaves), leaf_hashes[index], merkle.inclusion_proof(index, leaf_hashes)
    assert not merkle.verify_inclusion(leaf, index, size, _altered(proof, data), root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, proof, merkle.leaf_hash(b"other"))
    elsewhere = data.draw((st.integers(0, size) | HUGE).filter(lambda other: other != index))
    assert not merkle.verify_inclusion(leaf, elsewhere, size, proof, root)


@given(distinct, st.data())
def test_a_consistency_proof_that_was_altered_is_refused(leaves: list[bytes], data: st.DataObject) -> None:
    leaf_hashes, size2 = [merkle.leaf_hash(leaf) for leaf in leaves], len(leaves)
    size1 = data.draw(st.integers(1, size2))
    root1, root2 = merkle.root(leaves[:size1]), merkle.root(leaves)
    proof, other = merkle.consistency_proof(size1, leaf_hashes), merkle.leaf_hash(b"other")
    assert not merkle.verify_consistency(size1, size2, root1, root2, _altered(proof, data))
    assert not merkle.verify_consistency(size1, size2, other, root2, proof)
    assert not merkle.verify_consistency(size1, size2, root1, other, proof)
    if size1 != size2:
        assert not merkle.verify_consistency(size1, size2, root2, root1, proof)
        assert not merkle.verify_consistency(size2, size1, root1, root2, proof)
    elsewhere = data.draw((st.integers(0, size2) | HUGE).filter(lambda other: other != size1))
    assert not merkle.verify_consistency(elsewhere, size2, root1, root2, proof)


@pytest.mark.parametrize("proof", [[b""], [b"\x00" * 31], [b"\x00" * 33], ["\x00" * 32], [None]])
def test_what_is_no_hash_is_refused_without_raising(proof: Any) -> None:
    root = merkle.root(LEAVES)
    assert merkle.verify_inclusion(merkle.leaf_hash(LEAVES[0]), 0, 8, proof, root) is False
    assert merkle.verify_consistency(4, 8, merkle.root(LEAVES[:4]), root, proof) is False


def test_nothing_is_proven_of_the_empty_tree() -> None:
    assert merkle.verify_consistency(0, 0, merkle.EMPTY, merkle.EMPTY, []) is False
    assert merkle.verify_consistency(0, 8, merkle.EMPTY, merkle.root(LEAVES), []) is False
    for size1, size2 in ((0, 0), (0, 8), (9, 8), (-1, 8)):
        with pytest.raises(ValueError, match="there is no proof"):
            merkle.consistency_path(size1, size2)


@pytest.mark.parametrize("index", [-1, 8])
def test_a_leaf_that_is_not_there_has_no_proof(index: int) -> None:
    with pytest.raises(ValueError, match=f"a tree of 8 leaves has no leaf {index}"):
        merkle.inclusion_proof(index, [merkle.leaf_hash(leaf) for leaf in LEAVES])


@given(st.lists(st.integers(0, 700), max_size=5))
def test_a_range_has_the_root_of_the_tree_however_it_grew(counts: list[int]) -> None:
    grown, all_hashes = merkle.CompactRange(), [merkle.leaf_hash(bytes([at & 255, at >> 8])) for at in range(3500)]
    for count in counts:
        grown.extend(all_hashes[grown.size : grown.size + count])
        grown = merkle.CompactRange(grown.size, grown.hashes)
        grown.append(all_hashes[grown.size])
    assert grown.root() == merkle.root_of(all_hashes[: grown.size])
    assert grown.size == sum(counts) + len(counts)


@pytest.mark.parametrize(("size", "count"), [(-1, 0), (0, 1), (1, 0), (3, 1), (4, 2)])
def test_a_range_has_one_hash_for_each_bit_of_its_size(size: int, count: int) -> None:
    with pytest.raises(ValueError, match="the hashes are not those of a range"):
        merkle.CompactRange(size, [merkle.EMPTY] * count)
    with pytest.raises(ValueError, match="the hashes are not those of a range"):
        merkle.CompactRange(1, [b"short"])
