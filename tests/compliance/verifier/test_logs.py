"""Logs and exports: whole ones, ranges and mirrors are proven; whatever is changed in them is found and named."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from compliance.trail import bundle, merkle
from compliance.trail.bundle import Entry, TransferLine
from tests.compliance.trail.test_note import Signer
from tests.compliance.verifier.world import (
    LOG,
    ORIGIN,
    SIZE,
    WITNESS,
    archive,
    cosigned,
    entries,
    export,
    export_files,
    leaf_hashes,
    leaves_of,
    manifest,
    mirror_files,
    run,
    said,
    signed,
    transfer,
    uid,
    write,
)

KEY = "--key", LOG.vkey
RANGES = [(0, 600, 600), (0, 256, 600), (256, 512, 600), (37, 411, 599), (599, 600, 600)]


def since(path: Path, text: str) -> tuple[str, Path]:
    """An earlier checkpoint in a file."""
    path.write_text(text)
    return "--since", path


@pytest.mark.parametrize(("start", "end", "size"), [*RANGES, (0, 1, 1), (0, 0, 0), (512, 512, 600)])
def test_any_range_of_the_log_is_proven(tmp_path: Path, capsys: Any, start: int, end: int, size: int) -> None:
    path = export(tmp_path / "export", start, end, size)
    code, printed = run(capsys, "export", path, *KEY, "--json")
    found = said(printed)
    assert (code, found["first"], found["count"], found["entries"]) == (0, start, end - start, size)
    assert ("warning" in found, found["bytes"] == "of every entry") == (False, end > start)


def test_an_archive_is_proven_like_its_directory(tmp_path: Path, capsys: Any) -> None:
    files = export_files(0, SIZE)
    files["manifest.json"] = manifest(files, 0, SIZE)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(archive(files)))
    code, printed = run(capsys, "export", tmp_path / "a.tar.gz", *KEY)
    assert (code, printed.split("\n")[0]) == (0, "proven: entries 0 to 599 are in the log of 600 entries")
    assert "  transfers      300 of 60 events lead to the roots in their events\n" in printed


def test_a_key_that_came_with_the_files_is_said_to_be_one(tmp_path: Path, capsys: Any) -> None:
    path = export(tmp_path)
    code, printed = run(capsys, "export", path)
    assert (code, "compare it with the one that you were given" in printed) == (0, True)
    (path / "vkeys").unlink()
    assert run(capsys, "log", write(tmp_path / "b", {"checkpoint": signed(1).encode()}))[0] == 2


def test_witnesses_are_asked_for_as_with_receipts(tmp_path: Path, capsys: Any) -> None:
    path = export(tmp_path, changes={"checkpoint": cosigned(SIZE, WITNESS).encode()})
    assert run(capsys, "export", path, *KEY, "--witness", WITNESS.witness_vkey)[0] == 0
    assert run(capsys, "export", export(tmp_path / "b"), *KEY, "--witness", WITNESS.witness_vkey)[0] == 1


def _lines(start: int, end: int, changed: dict[int, bytes]) -> bytes:
    some = [each._replace(body=changed.get(each.position, each.body)) for each in entries()[start:end]]
    return b"".join(map(bundle.entry_line, some))


def test_an_event_that_was_rewritten_is_named(tmp_path: Path, capsys: Any) -> None:
    name = bundle.name("entries", 200)
    changed = {name: _lines(200, 300, {237: b'{"n":"another"}', 251: b"{}"})}
    code, printed = run(capsys, "export", export(tmp_path, changes=changed), *KEY)
    assert (code, printed) == (
        1,
        "not proven: position 237: the entry has other bytes than were sealed (2 entries in all); "
        "the hashes that are listed lead to the signed root\n",
    )


def test_an_event_that_was_rewritten_with_its_hash_does_not_lead_to_the_root(tmp_path: Path, capsys: Any) -> None:
    other = merkle.leaf_hash(b"other")
    hashes = b"".join([*leaf_hashes()[200:237], other, *leaf_hashes()[238:300]])
    code, printed = run(capsys, "export", export(tmp_path / "a", changes={bundle.name("hashes", 200): hashes}), *KEY)
    assert (code, "position 237" in printed, "do not lead to the signed root either" in printed) == (1, True, True)
    line = _lines(200, 300, {237: b"{}"})
    body = merkle.leaf_hash(b"qenex event v1\n" + entries()[237].transaction.to_bytes(8, "big") + b"{}")
    both = {
        bundle.name("hashes", 200): b"".join([*leaf_hashes()[200:237], body, *leaf_hashes()[238:300]]),
        bundle.name("entries", 200): line,
    }
    code, printed = run(capsys, "export", export(tmp_path / "b", changes=both), *KEY)
    assert (code, printed) == (1, "not proven: positions 0 to 599: they do not lead to the signed root\n")


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (
            [*range(200, 237), *range(238, 300)],
            "position 237: entries-0000000000000000200.jsonl line 38 has",
        ),
        ([*range(200, 238), 237, *range(238, 300)], "position 238: "),
        ([*range(200, 237), 238, 237, *range(239, 300)], "position 237: "),
        ([*range(200, 299)], "position 299: "),
        ([], "position 200: "),
    ],
)
def test_an_event_that_is_missing_repeated_or_moved_is_named(
    tmp_path: Path, capsys: Any, kept: list[int], why: str
) -> None:
    lines = b"".join(bundle.entry_line(entries()[at]) for at in kept)
    code, printed = run(capsys, "export", export(tmp_path, changes={bundle.name("entries", 200): lines}), *KEY)
    assert (code, printed.startswith(f"not proven: {why}")) == (1, True), printed


def test_events_that_swapped_their_places_and_positions_are_named(tmp_path: Path, capsys: Any) -> None:
    one, two = entries()[237], entries()[238]
    swapped = [*entries()[200:237], Entry(237, *two[1:]), Entry(238, *one[1:]), *entries()[239:300]]
    lines = b"".join(map(bundle.entry_line, swapped))
    code, printed = run(capsys, "export", export(tmp_path, changes={bundle.name("entries", 200): lines}), *KEY)
    assert (code, "position 237: the entry has other bytes than were sealed" in printed) == (1, True)


def test_the_transaction_of_an_event_is_sealed_with_it(tmp_path: Path, capsys: Any) -> None:
    moved = [*entries()[:50], entries()[50]._replace(transaction=1), *entries()[51:100]]
    lines = b"".join(map(bundle.entry_line, moved))
    code, printed = run(capsys, "export", export(tmp_path / "a", changes={bundle.name("entries", 0): lines}), *KEY)
    assert (code, "position 50: " in printed) == (1, True)
    lines = lines.replace(b'"transaction":1,', b'"transaction":99999999999999999999,')
    code, printed = run(capsys, "export", export(tmp_path / "b", changes={bundle.name("entries", 0): lines}), *KEY)
    assert (code, "position 50: 99999999999999999999 is no transaction" in printed) == (1, True)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("checkpoint", None),
        ("range", None),
        ("checkpoint", b"no note"),
        ("checkpoint", signed(SIZE - 1).encode()),
        ("checkpoint", signed(SIZE, b"\x01" * 32).encode()),
        ("checkpoint", signed(SIZE, by=Signer(ORIGIN, 9)).encode()),
        ("range", b"qenex/range@v2\nleft 0\nright 600 600\n"),
        ("range", b"qenex/range@v1\nleft 0\nright 600 601\n"),
        ("range", b"qenex/range@v1\nleft 0\nright 599 600\n"),
        ("range", b"qenex/range@v1\nleft 1\nright 600 600\n"),
        ("range", b"qenex/range@v1\nleft\nright 600 600\n"),
        ("range", b"qenex/range@v1\nright 600 600\n"),
        ("range", export_files(0, 600)["range"] + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
        (bundle.name("hashes", 0), b"\x00" * 31),
        (bundle.name("hashes", 500), None),
        (bundle.name("entries", 500), None),
        (bundle.name("entries", 600), b"\n"),
        (bundle.name("entries", 600), bundle.entry_line(Entry(600, 1, b"{}"))),
        (bundle.name("hashes", 600), b"\x00" * 32),
        ("passwd", b"root"),
    ],
)
def test_files_that_do_not_fit_prove_nothing(tmp_path: Path, capsys: Any, name: str, data: bytes | None) -> None:
    files = {**export_files(0, SIZE), name: data}
    kept = {each: content for each, content in files.items() if content is not None}
    listed = {each: content for each, content in kept.items() if each != "passwd"}
    path = write(tmp_path, {**kept, "manifest.json": manifest(listed, 0, SIZE)})
    code, printed = run(capsys, "export", path, *KEY)
    assert code == (2 if (name, data) in (("checkpoint", None), ("range", None)) else 1), printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"format": "qenex/export@v2"},
        {"origin": "other"},
        {"start": 1},
        {"end": 599},
        {"size": 601},
        {"start": False},
        {"files": []},
        {"files": {}},
        {"files": [{"name": "range"}]},
        {"files": ["range"]},
    ],
)
def test_a_manifest_of_something_else_is_refused(tmp_path: Path, capsys: Any, change: dict[str, Any]) -> None:
    path = export(tmp_path)
    told = {**json.loads((path / "manifest.json").read_text()), **change}
    (path / "manifest.json").write_text(json.dumps(told))
    code, printed = run(capsys, "export", path, *KEY)
    assert (code, printed.startswith("not proven: manifest.json: ")) == (1, True)


def test_each_file_has_the_digest_of_the_manifest(tmp_path: Path, capsys: Any) -> None:
    path = export(tmp_path)
    for file in sorted(path.iterdir()):
        before = file.read_bytes()
        file.write_bytes(before + b"\n")
        code, printed = run(capsys, "export", path, *KEY)
        if file.name not in ("manifest.json", "checkpoint"):
            assert printed == f"not proven: {file.name}: its bytes are not those of the manifest\n"
        assert code == (0 if file.name == "manifest.json" else 1)
        file.write_bytes(before)


def test_a_link_in_a_directory_is_refused(tmp_path: Path, capsys: Any) -> None:
    path = export(tmp_path / "export")
    (path / "vkeys").rename(tmp_path / "elsewhere")
    (path / "vkeys").symlink_to(tmp_path / "elsewhere")
    code, printed = run(capsys, "export", path, *KEY)
    assert (code, printed) == (1, "not proven: vkeys: an export has no such file\n")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([TransferLine(20, n, leaf) for n, leaf in enumerate(leaves_of(20)[:4])], "position 20: the 4 transfers"),
        ([TransferLine(20, 1, leaves_of(20)[1])], "position 20: transfer 0 is missing"),
        ([TransferLine(20, n, transfer(uid(20), 9)) for n in range(5)], "position 20: the 5 transfers are not"),
        ([TransferLine(21, 0, leaves_of(20)[0])], "position 21: the event tells of no transfers"),
        ([TransferLine(700, 0, leaves_of(20)[0])], "position 700: its transfers are here, and no such event"),
        (
            [TransferLine(at, n, leaf) for at in (30, 20) for n, leaf in enumerate(leaves_of(at))],
            "position 20: its transfers are here, and no such event, or out of order",
        ),
    ],
)
def test_transfers_that_their_events_do_not_bear_out_are_named(
    tmp_path: Path, capsys: Any, lines: list[TransferLine], why: str
) -> None:
    data = b"".join(map(bundle.transfer_line, lines))
    files = {**export_files(0, SIZE, per_file=SIZE), bundle.name("transfers", 0): data}
    path = write(tmp_path, {**files, "manifest.json": manifest(files, 0, SIZE)})
    code, printed = run(capsys, "export", path, *KEY)
    assert (code, printed.startswith(f"not proven: {why}")) == (1, True), printed


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 600])
def test_a_mirror_is_proven_with_its_entries_and_without(tmp_path: Path, capsys: Any, size: int) -> None:
    path = write(tmp_path, mirror_files(size))
    code, printed = run(capsys, "log", path, *KEY, "--json")
    assert (code, said(printed)["count"], said(printed)["bytes"]) == (0, size, "of every entry")
    (path / "tile" / "entries").rename(tmp_path / "elsewhere")
    code, printed = run(capsys, "log", path, *KEY, "--json")
    assert (code, said(printed)["bytes"]) == (0, "none: only the hashes are here")
    (path / bundle.name("entries", 0)).write_bytes(b"".join(map(bundle.entry_line, entries()[:size])))
    code, printed = run(capsys, "log", path, *KEY, "--json")
    assert (code, said(printed)["bytes"]) == (0, "of every entry")


def test_a_mirror_whose_partial_tiles_have_become_full_is_proven(tmp_path: Path, capsys: Any) -> None:
    files = {**mirror_files(512), "checkpoint": signed(300).encode()}
    assert run(capsys, "log", write(tmp_path, files), *KEY)[0] == 0


@pytest.mark.parametrize(
    ("name", "at", "why"),
    [
        ("tile/entries/000", 2 + 100, "position 0: the entry has other bytes than were sealed"),
        ("tile/entries/001", -1, "position 511: the entry has other bytes than were sealed"),
        ("tile/0/001", 32 * 7, "position 263: the entry has other bytes than were sealed"),
        ("tile/0/002.p/88", 32 * 7, "position 519: the entry has other bytes than were sealed"),
        ("tile/1/000.p/2", 32, "positions 256 to 511: tile/1 is not made of those below"),
    ],
)
def test_a_byte_that_was_changed_in_a_mirror_is_named(
    tmp_path: Path, capsys: Any, name: str, at: int, why: str
) -> None:
    files = mirror_files()
    changed = bytearray(files[name])
    changed[at] ^= 1
    code, printed = run(capsys, "log", write(tmp_path, {**files, name: bytes(changed)}), *KEY)
    assert (code, printed.startswith(f"not proven: {why}")) == (1, True), printed


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("tile/0/001", "positions 256 to 511: tile/0/001 is missing"),
        ("tile/0/002.p/88", "positions 512 to 599: tile/0/002 is missing"),
        ("tile/1/000.p/2", "positions 0 to 599: tile/1/000 is missing"),
        ("tile/entries/001", "positions 256 to 511: tile/entries/001 is missing"),
    ],
)
def test_a_tile_that_is_missing_or_cut_is_named(tmp_path: Path, capsys: Any, name: str, why: str) -> None:
    files = mirror_files()
    cut = write(tmp_path / "cut", {**files, name: files[name][:-1]})
    assert run(capsys, "log", cut, *KEY)[0] == 1
    longer = write(tmp_path / "longer", {**files, name: files[name] + b"\x00\x01x"})
    assert run(capsys, "log", longer, *KEY)[0] == 1
    kept = {each: data for each, data in files.items() if each != name}
    code, printed = run(capsys, "log", write(tmp_path / "without", kept), *KEY)
    assert (code, printed) == (1, f"not proven: {why}\n")


@pytest.mark.parametrize("size", [0, 1, 256, 399, 600])
def test_a_log_that_has_grown_from_what_was_seen_is_proven(tmp_path: Path, capsys: Any, size: int) -> None:
    earlier = since(tmp_path / "earlier", signed(size))
    for path in (export(tmp_path / "export"), write(tmp_path / "mirror", mirror_files())):
        code, printed = run(capsys, "log", path, *earlier, *KEY)
        assert (code, f", and it has grown from the earlier one of {size}\n" in printed) == (0, True), printed
    code, _ = run(capsys, "log", tmp_path / "mirror", *earlier)
    assert code == 0


def test_a_range_that_begins_where_the_last_visit_ended_is_enough(tmp_path: Path, capsys: Any) -> None:
    path, earlier = export(tmp_path / "export", 256, 512), tmp_path / "earlier"
    for size in (256, 300, 512, 600):
        assert run(capsys, "log", path, *since(earlier, signed(size)), *KEY)[0] == 0
    for size in (255, 513):
        code, printed = run(capsys, "log", path, *since(earlier, signed(size)), *KEY)
        assert (code, f"position {size}: it is not in the range" in printed) == (1, True)


def _rewritten(size: int, at: int) -> list[bytes]:
    return [*leaf_hashes()[:at], merkle.leaf_hash(b"other"), *leaf_hashes()[at + 1 : size]]


@pytest.mark.parametrize(("size", "at"), [(300, 0), (300, 299), (600, 17), (1, 0)])
def test_a_history_that_was_rewritten_is_found_and_an_older_copy_tells_where(
    tmp_path: Path, capsys: Any, size: int, at: int
) -> None:
    old = write(tmp_path / "old", mirror_files(size, _rewritten(size, at)))
    path = export(tmp_path / "export")
    code, printed = run(capsys, "log", path, "--since", old / "checkpoint", *KEY)
    why = "the log has another history than the earlier checkpoint signed\n"
    assert (code, printed) == (1, f"not proven: positions 0 to {size - 1}: {why}")
    code, printed = run(capsys, "log", path, "--since", old, *KEY)
    assert (code, printed) == (1, f"not proven: position {at}: {why}")


def test_a_log_that_was_rolled_back_is_found(tmp_path: Path, capsys: Any) -> None:
    path = export(tmp_path / "export", 0, 599, 599)
    code, printed = run(capsys, "log", path, *since(tmp_path / "earlier", signed(600)), *KEY)
    assert (code, printed) == (1, "not proven: position 599: the log has 599 entries, and had 600 when last seen\n")


def test_an_earlier_checkpoint_is_believed_only_with_the_signature_of_the_same_log(tmp_path: Path, capsys: Any) -> None:
    path, earlier = export(tmp_path / "export"), tmp_path / "earlier"
    for text in (
        signed(300, by=Signer(ORIGIN, 9)),
        signed(300).replace("300", "301"),
        signed(300, origin="other.example"),
        signed(0, b"\x01" * 32),
        "text",
    ):
        assert run(capsys, "log", path, *since(earlier, text), *KEY)[0] == 1
    assert run(capsys, "log", path, "--since", tmp_path / "missing", *KEY)[0] == 2
