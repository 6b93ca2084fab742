"""Exporting a range of the log, and recording that it was taken."""

import gzip
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from compliance import selectors
from compliance.errors import OutOfTree
from compliance.exporting import files
from compliance.trail import bundle
from qenex.kernel import events, transactions

BLOCK = 1 << 20


class Export(NamedTuple):
    """What was written: the range, the size of the tree that proves it, and the manifest's SHA-256."""

    start: int
    end: int
    size: int
    digest: str
    event_id: UUID


def log_export(
    *,
    target: Path,
    start: int = 0,
    end: int | None = None,
    transfers: bool = True,
    progress: files.Progress = lambda position: None,
) -> Export:
    """Writes the events of the positions from `start` on and before `end` (all that are signed, unless given) to a new
    directory, or to an archive where the name ends in .tar.gz, and records that.

    A directory or file of that name must not be there; nothing is left of one that could not be written whole. Raises
    OutOfTree, NoCheckpoint, Incomplete and OSError.
    """
    under = selectors.newest()
    end = under.size if end is None else end
    if not 0 <= start < end <= under.size:
        raise OutOfTree
    if target.exists():
        raise FileExistsError(17, "There is something of that name", str(target))
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as name:
        folder = Path(name) / "export"
        folder.mkdir()
        files.write(folder, start, end, under, transfers=transfers, progress=progress)
        digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
        whole = _packed(folder, target) if target.name.endswith(".tar.gz") else folder
        # Recorded before anybody has it.
        event_id = _record(start, end, under.size, digest)
        whole.rename(target)
    return Export(start, end, under.size, digest, event_id)


def _record(start: int, end: int, size: int, digest: str) -> UUID:
    return transactions.run(
        lambda: events.emit(
            "compliance.log.exported",
            subject_type="trail",
            subject_id=settings.TRAIL_ORIGIN[:64],
            data={"start": start, "end": end, "size": size, "manifest_sha256": digest},
        )
    )


def _packed(folder: Path, target: Path) -> Path:
    """The directory as an archive beside it."""
    packed = folder.parent / target.name
    with gzip.GzipFile(packed, "xb", mtime=0) as archive:
        for path in sorted(folder.iterdir()):
            size = path.stat().st_size
            archive.write(bundle.header(path.name, size))
            with path.open("rb") as file:
                shutil.copyfileobj(file, archive, BLOCK)
            archive.write(bundle.padding(size))
        archive.write(bundle.END)
    return packed
