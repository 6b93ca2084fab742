"""The files of an export: one way to write each, and a range that is proven or not."""

import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.trail import bundle, merkle
from compliance.trail.bundle import BundleInvalid, Entry, File, Manifest, RangeProof, TransferLine

HASHES = [merkle.leaf_hash(bytes([at])) for at in range(40)]


def make_range(start: int, end: int, size: int) -> RangeProof:
    """The range of a log of the first hashes."""
    left = merkle.CompactRange()
    left.extend(HASHES[:start])
    right = merkle.consistency_proof(end, HASHES[:size]) if end else []
    return RangeProof(start, end, size, left.hashes, tuple(right))


def grown(proof: RangeProof, hashes: list[bytes]) -> merkle.CompactRange:
    """The range that has grown by these hashes."""
    entries = merkle.CompactRange(proof.start, proof.left)
    entries.extend(hashes)
    return entries


def test_an_entry_is_a_line_of_json_around_the_stored_bytes() -> None:
    entry = Entry(5, 1234, '{"a":"ü"}'.encode())
    line = bundle.entry_line(entry)
    assert line == '{"position":5,"transaction":1234,"event":{"a":"ü"}}\n'.encode()
    assert bundle.parse_entry_line(line) == entry
    assert json.loads(line)["event"] == {"a": "ü"}


@pytest.mark.parametrize("entry", [Entry(-1, 1, b"{}"), Entry(1, -1, b"{}"), Entry(1, 1, b""), Entry(1, 1, b"{\n}")])
def test_an_entry_that_makes_no_line_is_not_written(entry: Entry) -> None:
    with pytest.raises(BundleInvalid):
        bundle.entry_line(entry)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}\n",
        b'{"position":5,"transaction":1,"event":{}}',
        b'{"position":05,"transaction":1,"event":{}}\n',
        b'{"position":5,"transaction":-1,"event":{}}\n',
        b'{"position":5, "transaction":1,"event":{}}\n',
        b'{"position":5,"transaction":1,"event":{}}\n\n',
    ],
)
def test_other_lines_are_no_entries(line: bytes) -> None:
    with pytest.raises(BundleInvalid, match="no line of an event"):
        bundle.parse_entry_line(line)


def test_a_transfer_is_a_line_with_its_leaf() -> None:
    transfer = TransferLine(5, 2, b"leaf")
    line = bundle.transfer_line(transfer)
    assert line == b'{"position":5,"index":2,"leaf":"bGVhZg=="}\n'
    assert bundle.parse_transfer_line(line) == transfer
    for other in (line[:-1], line.replace(b"Zg==", b"Zh=="), line.replace(b"5", b"05"), line.replace(b"bGVhZg", b"")):
        with pytest.raises(BundleInvalid):
            bundle.parse_transfer_line(other)


def test_a_range_line_by_line() -> None:
    proof = make_range(3, 5, 6)
    assert proof.encode().split("\n")[:2] == ["qenex/range@v1", "left 3"]
    assert proof.encode().split("\n")[4] == "right 5 6"
    assert proof.encode().count("\n") == 1 + 3 + 1 + len(proof.right)


@given(st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(1, 40)).map(sorted), st.data())
def test_a_range_is_proven_by_its_own_entries_alone(place: list[int], data: st.DataObject) -> None:
    start, end, size = place
    proof, root, hashes = make_range(start, end, size), merkle.root_of(HASHES[:size]), HASHES[start:end]
    assert bundle.parse_range(proof.encode()) == proof
    assert proof.verify(grown(proof, hashes), root)
    assert not proof.verify(grown(proof, hashes), merkle.EMPTY)
    assert not proof.verify(grown(proof, [*hashes, HASHES[0]]), root)
    assert not proof._replace(right=(*proof.right, HASHES[0])).verify(grown(proof, hashes), root)
    if hashes:
        at = data.draw(st.integers(0, len(hashes) - 1))
        assert not proof.verify(grown(proof, [*hashes[:at], merkle.EMPTY, *hashes[at + 1 :]]), root)
        assert not proof.verify(grown(proof, hashes[:at] + hashes[at + 1 :]), root)
    if proof.left:
        assert not proof.verify(grown(proof._replace(left=(merkle.EMPTY, *proof.left[1:])), hashes), root)


def test_the_whole_of_an_empty_log_is_proven() -> None:
    proof = RangeProof(0, 0, 0)
    assert bundle.parse_range(proof.encode()).verify(merkle.CompactRange(), merkle.EMPTY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("range@v1", "range@v2"),
        ("left 3", "left 2"),
        ("left 3", "left 03"),
        ("left 3", "left 6"),
        ("right 5 6", "right 6 5"),
        ("right 5 6", "right 5"),
        ("right 5 6", "right 2 6"),
        ("right 5 6", "wrong 5 6"),
        ("right 5 6", "left 5 6"),
    ],
)
def test_a_range_with_another_spelling_is_refused(old: str, new: str) -> None:
    with pytest.raises(BundleInvalid):
        bundle.parse_range(make_range(3, 5, 6).encode().replace(old, new))
    with pytest.raises(BundleInvalid):
        bundle.parse_range(make_range(3, 5, 6).encode() + "AAAA\n" * 65)
    with pytest.raises(BundleInvalid):
        bundle.parse_range(make_range(3, 5, 6).encode()[:-1])


def test_values_that_make_no_range_are_not_written() -> None:
    for wrong in (RangeProof(1, 1, 1), RangeProof(2, 1, 3, (HASHES[0],)), RangeProof(0, 3, 2)):
        with pytest.raises(BundleInvalid):
            wrong.encode()


def test_a_manifest_lists_the_files_that_an_export_can_have() -> None:
    files = File(bundle.name("hashes", 5), 64, "ab" * 32), File(bundle.name("entries", 5), 9, "cd" * 32)
    written = json.loads(Manifest("log.example", 5, 7, 9, files).encode())
    assert (written["format"], written["origin"], written["start"], written["end"]) == (
        bundle.FORMAT,
        "log.example",
        5,
        7,
    )
    assert [file["name"] for file in written["files"]] == [
        "entries-0000000000000000005.jsonl",
        "hashes-0000000000000000005.bin",
    ]
    with pytest.raises(BundleInvalid, match=r"an export has no file '\.\./checkpoint'"):
        Manifest("log.example", 5, 7, 9, (File("../checkpoint", 1, ""),)).encode()


def test_an_archive_of_the_parts_is_read_by_others() -> None:
    files = {"checkpoint": b"text", "range": b"x" * 512, "vkeys": b""}
    parts = [bundle.header(name, len(data)) + data + bundle.padding(len(data)) for name, data in files.items()]
    with tarfile.open(fileobj=io.BytesIO(b"".join(parts) + bundle.END)) as archive:
        found = {each.name: archive.extractfile(each) for each in archive}
        assert {name: data.read() if data else None for name, data in found.items()} == files
    assert parts == [bundle.header(name, len(data)) + data + bundle.padding(len(data)) for name, data in files.items()]
