"""The files of an export, written one after another into a directory."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from compliance import selectors
from compliance.exporting.reading import Line, lines
from compliance.models import Checkpoint
from compliance.sealing import keys, reading
from compliance.selectors.checkpoints import READER
from compliance.trail import bundle, tiles
from compliance.trail.checkpoint import parse
from compliance.trail.note import parse as parse_note
from ledger.engine.batch import POSTED
from ledger.selectors import transfer_leaves
from qenex.kernel.models import Event

Progress = Callable[[int], None]


class Writer:
    """A directory that fills with the files of one export."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[bundle.File] = []

    def add(self, name: str, content: bytes) -> None:
        """Writes a file."""
        with self.open(name) as write:
            write(content)

    @contextmanager
    def open(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Yields what takes the file's bytes piece by piece."""
        digest, size = hashlib.sha256(), 0
        with (self.folder / name).open("xb") as file:

            def write(piece: bytes) -> None:
                nonlocal size
                file.write(piece)
                digest.update(piece)
                size += len(piece)

            yield write
        self.files.append(bundle.File(name, size, digest.hexdigest()))


def write(folder: Path, start: int, end: int, under: Checkpoint, *, transfers: bool, progress: Progress) -> None:
    """Writes the export of the entries from `start` on and before `end`. Raises OSError."""
    writer = Writer(folder)
    note = selectors.published(under)
    writer.add("checkpoint", note.encode())
    writer.add("vkeys", "".join(f"{key}\n" for key in keys.vkeys()).encode())
    writer.add("range", _range(start, end, under.size).encode().encode())
    for first in range(start, end, bundle.ENTRIES_PER_FILE):
        last = min(end, first + bundle.ENTRIES_PER_FILE)
        _entries(writer, first, last, progress)
        if transfers:
            _transfers(writer, first, last)
    origin = parse(parse_note(note).text).origin
    manifest = bundle.Manifest(origin, start, end, under.size, tuple(writer.files))
    (folder / "manifest.json").write_bytes(manifest.encode())


def _range(start: int, end: int, size: int) -> bundle.RangeProof:
    def fetch(level: int, index: int, width: int) -> bytes:
        return reading.fetch(level, index, width, using=READER)

    left = tiles.peaks(start, fetch) if start else []
    right = tiles.consistency_proof(end, size, fetch) if 0 < end < size else []
    return bundle.RangeProof(start, end, size, tuple(left), tuple(right))


def _entries(writer: Writer, first: int, last: int, progress: Progress) -> None:
    hashes: list[bytes] = []
    with writer.open(bundle.name("entries", first)) as write_line:
        for line in lines(first, last):
            write_line(bundle.entry_line(bundle.Entry(line.position, line.transaction, line.body)))
            hashes.append(line.hash)
            progress(line.position)
    writer.add(bundle.name("hashes", first), b"".join(hashes))


def _transfers(writer: Writer, first: int, last: int) -> None:
    with writer.open(bundle.name("transfers", first)) as write_line:
        for line in lines(first, last):
            for place, transfer in enumerate(_leaves_of(line)):
                write_line(bundle.transfer_line(bundle.TransferLine(line.position, place, transfer)))


def _leaves_of(line: Line) -> list[bytes]:
    if line.type != POSTED:
        return []
    event = Event.objects.using(READER).get(pk=line.event_id)
    return [each.leaf for each in transfer_leaves(event, using=READER)]
