"""A log of a few hundred events, some of them of transfers, and the files that are made from it."""

import json
import runpy
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from compliance.trail import bundle, merkle, note, tiles
from compliance.trail.bundle import Entry, File, Manifest, RangeProof, TransferLine
from compliance.trail.checkpoint import Checkpoint
from compliance.trail.entry import event_leaf
from compliance.trail.receipt import Receipt
from compliance.verifier import qenex_verify
from qenex.kernel import canonical
from tests.compliance.trail.test_note import Signer
from tests.docs.pages import ROOT, blocks

ORIGIN = "log.example/qenex"
LOG, WITNESS, SECOND = Signer(ORIGIN, 1), Signer("w1.example", 2), Signer("w2.example", 3)
SIZE = 600
AT = 1_790_000_000
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
TRANSFERS_EACH = 5
"""How many transfers every tenth event tells of."""


def run(capsys: Any, *argv: object) -> tuple[int, str]:
    """The verifier's exit code, and what it printed."""
    code = qenex_verify.main([str(each) for each in argv])
    return code, capsys.readouterr().out


def uid(number: int) -> UUID:
    """An id that tells its number."""
    return UUID(int=0x0197B5C2_4C1E_7D2F_9A35_000000000000 + number)


@cache
def pack() -> Callable[[dict[str, Any]], bytes]:
    """The guide's program that makes the leaf of a transfer."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "leaf.py"
        path.write_text(blocks(ROOT / "docs" / "guide" / "leaf.md", "python")[0])
        leaf: Callable[[dict[str, Any]], bytes] = runpy.run_path(str(path))["leaf"]
        return leaf


def transfer(event: UUID, at: int, **changes: Any) -> bytes:
    """The leaf of a transfer."""
    row = {
        **{name: uid(number) for number, name in enumerate(("id", "debit_account_id", "credit_account_id"), 1000 + at)},
        "book_id": uid(2),
        "asset_id": uid(5),
        "amount": Decimal("1234.56"),
        "debit_balance": Decimal("1234.56"),
        "credit_balance": Decimal("-0.5"),
        "posted_at": START + timedelta(microseconds=at),
        "kind": 1,
        "code": 7,
        "value_date": date(2026, 1, 30),
        "event_id": event,
        "journal_id": None,
        "origin_id": None,
        "reference": f"INV-{at}",
        "metadata": {"note": "für März"},
    }
    return pack()({**row, **changes})


def leaves_of(position: int) -> list[bytes]:
    """The leaves of the transfers of an event."""
    return [transfer(uid(position), at) for at in range(TRANSFERS_EACH)] if position % 10 == 0 else []


def body(position: int) -> bytes:
    """The stored bytes of an event."""
    leaves = leaves_of(position)
    told = {"count": len(leaves), "transfers_root": merkle.root(leaves).hex()} if leaves else {"n": position}
    return canonical.encode(
        {
            "id": uid(position),
            "recorded_at": START + timedelta(seconds=position),
            "version": 1,
            "book": uid(2),
            "type": "ledger.transfers.posted" if leaves else "test.happened",
            "subject": {"type": "book", "id": str(uid(2))},
            "request_id": f"r-{position}",
            "reason": None,
            "actor": {"id": uid(9), "name": "ada", "address": "192.0.2.7", "method": "password", "key_id": None},
            "data": told,
            "changes": {},
        }
    )


@cache
def entries() -> tuple[Entry, ...]:
    """The events in their places."""
    return tuple(Entry(position, 5000 + position // 3, body(position)) for position in range(SIZE))


@cache
def leaf_hashes() -> tuple[bytes, ...]:
    """The hashes of their leaves."""
    return tuple(merkle.leaf_hash(event_leaf(each.transaction, each.body)) for each in entries())


def signed(size: int, root: bytes | None = None, *lines: str, by: Signer = LOG, origin: str = ORIGIN) -> str:
    """The checkpoint of the first so many entries."""
    text = Checkpoint(origin, size, root or merkle.root_of(leaf_hashes()[:size])).encode()
    return note.encode(text, [by.line(text), *lines])


def cosigned(size: int, *witnesses: Signer) -> str:
    """The checkpoint with the lines of witnesses."""
    text = note.parse(signed(size)).text
    return signed(size, None, *(each.cosigns(AT, text) for each in witnesses))


def receipt(position: int, transfer_at: int | None = None, size: int = SIZE, checkpoint: str | None = None) -> Receipt:
    """The receipt of an event, or of a transfer of it."""
    each, proof = entries()[position], merkle.inclusion_proof(position, leaf_hashes()[:size])
    leaf, note = event_leaf(each.transaction, each.body), checkpoint or signed(size)
    if transfer_at is None:
        return Receipt(leaf, position, tuple(proof), note)
    leaves = leaves_of(position)
    path = merkle.inclusion_proof(transfer_at, [merkle.leaf_hash(each) for each in leaves])
    place = transfer_at, len(leaves), tuple(path)
    return Receipt(leaf, position, tuple(proof), note, leaves[transfer_at], *place)


def export_files(start: int, end: int, size: int = SIZE, per_file: int = 100) -> dict[str, bytes]:
    """The files of an export of the range, without its manifest."""
    left = merkle.CompactRange()
    left.extend(leaf_hashes()[:start])
    right = merkle.consistency_proof(end, leaf_hashes()[:size]) if end < size else []
    proof = RangeProof(start, end, size, left.hashes, tuple(right))
    files = {"checkpoint": signed(size).encode(), "range": proof.encode().encode()}
    files["vkeys"] = f"{LOG.vkey}\n{WITNESS.witness_vkey}\n".encode()
    for first in range(start, end, per_file):
        some = entries()[first : min(first + per_file, end)]
        files[bundle.name("entries", first)] = b"".join(map(bundle.entry_line, some))
        files[bundle.name("hashes", first)] = b"".join(leaf_hashes()[first : first + len(some)])
        lines = [TransferLine(at.position, n, leaf) for at in some for n, leaf in enumerate(leaves_of(at.position))]
        files[bundle.name("transfers", first)] = b"".join(map(bundle.transfer_line, lines))
    return files


def manifest(files: dict[str, bytes], start: int, end: int, size: int = SIZE) -> bytes:
    """The manifest of these files."""
    listed = tuple(File(name, len(data), sha256(data).hexdigest()) for name, data in files.items())
    return Manifest(ORIGIN, start, end, size, listed).encode()


def export(
    path: Path, start: int = 0, end: int = SIZE, size: int = SIZE, changes: Mapping[str, bytes] | None = None
) -> Path:
    """An export in a directory, with some files changed and a manifest that fits."""
    files = {**export_files(start, end, size), **(changes or {})}
    return write(path, {**files, "manifest.json": manifest(files, start, end, size)})


def write(path: Path, files: dict[str, bytes]) -> Path:
    """The files in a directory."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def mirror_files(size: int = SIZE, hashes: Sequence[bytes] = ()) -> dict[str, bytes]:
    """The log as C2SP tlog-tiles has it."""
    levels = [list(hashes or leaf_hashes())[:size]]
    while len(levels[-1]) >= tiles.WIDTH:
        full = range(0, len(levels[-1]) - 255, 256)
        levels.append([merkle.root_of(levels[-1][at : at + 256]) for at in full])
    files = {"checkpoint": signed(size, merkle.root_of(levels[0])).encode(), "vkeys": f"{LOG.vkey}\n".encode()}
    for tile in tiles.new_tiles(0, size):
        first = tile.index * 256
        files[tile.path] = b"".join(levels[tile.level][first : first + tile.width])
        if tile.level == 0:
            leaves = [event_leaf(each.transaction, each.body) for each in entries()[first : first + tile.width]]
            records = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
            files[tile.path.replace("tile/0", "tile/entries")] = records
    return files


def archive(files: dict[str, bytes]) -> bytes:
    """The files as the archive that an export is sent in, not yet compressed."""
    parts = [bundle.header(name, len(data)) + data + bundle.padding(len(data)) for name, data in files.items()]
    return b"".join(parts) + bundle.END


def said(output: str) -> dict[str, Any]:
    """What the verifier printed as JSON."""
    found: dict[str, Any] = json.loads(output)
    return found
