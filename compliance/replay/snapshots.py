"""States that were replayed, kept in a directory and bound by hashes to the log that they follow from.

A directory has a file of rows for each table, as COPY writes them, ordered by key, and `manifest.json`: the size and
the root of the tree that was replayed, the Merkle root over the rows of each table, and the hash of all that. The hash
is told to the log too, so that nobody can write another manifest beside other rows.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from django.db.backends.utils import CursorWrapper

from compliance.models import Checkpoint
from compliance.replay.run import Replay
from compliance.sealing import reading
from compliance.trail import tiles
from compliance.trail.merkle import CompactRange, leaf_hash
from qenex.kernel import canonical, events, transactions
from qenex.kernel.projections import Shadow
from qenex.kernel.projections.shadow import UNTOLD

FORMAT = "qenex snapshot v1"
MADE = "compliance.snapshot.made"
MANIFEST = "manifest.json"
_TOLD = "SELECT EXISTS (SELECT FROM kernel_event WHERE type = %s AND subject_id = %s)"


class SnapshotInvalid(ValueError):
    """A directory is no snapshot of this log as it was made."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of one table: which columns, how many, and the Merkle root (RFC 6962) over the lines of its file."""

    columns: list[str]
    rows: int
    root: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot says of itself."""

    size: int
    """How many events of the log it follows from: the first ones."""
    root: str
    """That of the tree over them."""
    checkpoint: str
    """The signed note of that tree, where one was published."""
    tables: dict[str, TableRows]

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical bytes of the format and of all that is said here, in hexadecimal digits."""
        return sha256(canonical.encode({"format": FORMAT, **asdict(self)})).hexdigest()


def save(replay: Replay, size: int, directory: Path, *, using: str) -> Manifest:
    """Writes what was replayed from the first `size` events. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = {}
    for name, shadow in replay.shadows.items():
        with _file(directory, name).open("wb") as file:
            tables[name] = _write(replay.cursor, shadow, file)
    signed = Checkpoint.objects.using(using).filter(size=size).first()
    manifest = Manifest(size, _root(size, using), signed.note if signed else "", tables)
    text = json.dumps({"format": FORMAT, "hash": manifest.hash, **asdict(manifest)}, indent=2)
    (directory / MANIFEST).write_text(text + "\n")
    return manifest


def snapshot_record(*, manifest: Manifest) -> None:
    """Tells the log of a snapshot."""
    facts = {"size": manifest.size, "root": manifest.root}
    facts |= {"tables": {name: table.root for name, table in manifest.tables.items()}}
    transactions.run(
        lambda: events.emit(MADE, subject_type="snapshot", subject_id=manifest.hash, data=facts),
    )


def read(directory: Path) -> Manifest:
    """The manifest of a directory. Raises SnapshotInvalid where it does not have the hash that it says."""
    try:
        said: dict[str, Any] = json.loads((directory / MANIFEST).read_text())
        tables = {name: TableRows(**table) for name, table in said["tables"].items()}
        manifest = Manifest(said["size"], said["root"], said["checkpoint"], tables)
        claimed = (said["format"], said["hash"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotInvalid(f"{directory / MANIFEST} cannot be read: {error}") from None
    if claimed != (FORMAT, manifest.hash):
        raise SnapshotInvalid(f"{directory / MANIFEST} does not have the hash that it says")
    return manifest


def load(manifest: Manifest, directory: Path, replay: Replay, *, using: str) -> None:
    """Fills the tables of a replay.

    Raises SnapshotInvalid where a file is not the one that was written, where the log does not know the snapshot, or
    where it has another history.
    """
    replay.cursor.execute(_TOLD, [MADE, manifest.hash])
    if not replay.cursor.fetchone()[0]:
        raise SnapshotInvalid("the log does not know of this snapshot")
    if _root(manifest.size, using) != manifest.root:
        raise SnapshotInvalid(f"the log has another history: its first {manifest.size:,} events have another root")
    for name, shadow in replay.shadows.items():
        table = manifest.tables.get(name)
        if table is None or table.columns != _columns(shadow):
            raise SnapshotInvalid(f"{directory} has no {name} as this release builds it")
        _check(table, _file(directory, name))
        with _file(directory, name).open("rb") as file:
            shadow.fill(iter(lambda file=file: file.read(1 << 20), b""))  # type: ignore[misc]  # its own default


def _file(directory: Path, table: str) -> Path:
    return directory / f"{table}.rows"


def _columns(shadow: Shadow) -> list[str]:
    return [*shadow.table.fields, UNTOLD]


def _root(size: int, using: str) -> str:
    try:
        return tiles.root(size, lambda level, index, width: reading.fetch(level, index, width, using=using)).hex()
    except LookupError as error:
        raise SnapshotInvalid(f"the log has fewer than {size:,} events with a position: {error}") from None


def _write(cursor: CursorWrapper, shadow: Shadow, file: BinaryIO) -> TableRows:
    grown = CompactRange()
    for line in _lines(shadow.lines()):
        file.write(line)
        grown.append(leaf_hash(line))
    return TableRows(_columns(shadow), grown.size, grown.root().hex())


def _check(table: TableRows, path: Path) -> None:
    grown = CompactRange()
    try:
        with path.open("rb") as file:
            for line in file:
                grown.append(leaf_hash(line))
    except OSError as error:
        raise SnapshotInvalid(f"{path} cannot be read: {error.strerror}") from None
    if (grown.size, grown.root().hex()) != (table.rows, table.root):
        raise SnapshotInvalid(f"{path} was changed: its rows do not have the root of the manifest")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, each with its end."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)
