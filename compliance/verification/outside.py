"""What was given away: the sealer's own file, checkpoints that others kept, and cosignatures."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from compliance.sealing import guard, keys, reading
from compliance.sealing.errors import Refused
from compliance.sealing.guard import Guard
from compliance.trail import checkpoint, note
from compliance.verification.report import TrailReport
from ledger.verification.pages import Snapshot

_LAST = "SELECT max(size) FROM compliance_checkpoint"
_WITNESSED = """
SELECT c.size, c.witness, c.line, c.at, p.note FROM compliance_cosignature c
LEFT JOIN compliance_checkpoint p ON p.size = c.size WHERE (c.size, c.witness) > (%s, %s)
ORDER BY c.size, c.witness LIMIT 10000
"""


PATIENCE_SECONDS, PAUSE_SECONDS = 1.0, 0.1
"""How long a checkpoint that the sealer was about to publish is waited for."""


class NotOurs(ValueError):
    """A file holds no checkpoint that the log has signed."""


class Known(NamedTuple):
    """A tree that somebody outside knows of."""

    source: str
    size: int
    root: bytes


def kept(paths: Sequence[Path]) -> list[Known]:
    """The checkpoints in files. Raises NotOurs, and OSError."""
    return [_known(path) for path in paths]


def _known(path: Path) -> Known:
    text = path.read_bytes()
    try:
        said = checkpoint.parse(note.parse(text).text)
    except (note.NoteInvalid, checkpoint.CheckpointInvalid) as problem:
        raise NotOurs(f"{path} holds no checkpoint: {problem}") from None
    if said.origin != settings.TRAIL_ORIGIN or not any(note.verify(text, key) for key in keys.vkeys()):
        raise NotOurs(f"{path} is not signed by this log, {settings.TRAIL_ORIGIN}")
    return Known(str(path), said.size, said.root)


def sealer(report: TrailReport) -> Guard | None:
    """What the sealer's file says, where there is one; notes that it cannot be read.

    It is read before the tree is: what is signed was committed before, so that the tree cannot be smaller.
    """
    try:
        return guard.read()
    except Refused as refusal:
        report.differ("file", guard.path(), "its content", refusal.detail, "what was signed last")
        return Guard(settings.TRAIL_ORIGIN, 0, "", 0)


def compare_sealer(found: Guard | None, snapshot: Snapshot, report: TrailReport) -> list[Known]:
    """The tree that the sealer's file knows; notes what is wrong with it beside the checkpoints."""
    [(last,)] = snapshot.rows(_LAST)
    if found is None:
        if last is not None:
            report.differ("file", guard.path(), "the file", None, f"there: checkpoint {last} was signed")
        return []
    report.compare("file", guard.path(), "origin", found.origin, settings.TRAIL_ORIGIN)
    if found.root and found.size < (last or 0):
        report.differ("file", guard.path(), "size", found.size, f"{last} or more: that was signed")
    if found.size > (last or 0) and not _published(found.size):
        report.differ("checkpoint", found.size, "the checkpoint", None, f"there: {guard.path()} knows of it")
    return [Known(str(guard.path()), found.size, bytes.fromhex(found.root))] if found.size else []


def _published(size: int) -> bool:
    """Whether a checkpoint of that size is published, or is so in a moment: the file knows of it first."""
    for _ in range(int(PATIENCE_SECONDS / PAUSE_SECONDS)):
        latest = reading.latest(using="default")
        if latest is not None and latest.size >= size:
            return True
        time.sleep(PAUSE_SECONDS)
    return False


class Others:
    """Trees that are known outside, each compared when this one has its size."""

    def __init__(self, known: Sequence[Known], report: TrailReport) -> None:
        self._waiting = sorted(known, key=lambda each: each.size)
        self._report = report

    def until(self, size: int) -> list[int]:
        """The sizes up to this one that are still to be compared."""
        return sorted({each.size for each in self._waiting if each.size <= size})

    def reached(self, size: int, root: bytes) -> None:
        """Compares what is known of the tree of this size."""
        for each in [known for known in self._waiting if known.size == size]:
            self._waiting.remove(each)
            self._report.compare("tree", f"of {size}, as {each.source} has it", "root", root, each.root)

    def finish(self, size: int) -> None:
        """Nobody outside knows of a larger tree."""
        for each in self._waiting:
            self._report.differ("tree", f"as {each.source} has it", "size", size, f"{each.size} or more")


def cosignatures(snapshot: Snapshot, vkeys: Sequence[str], report: TrailReport) -> None:
    """Each cosignature is of its checkpoint, by a witness whose key is known, of the time that its row says."""
    by_name = {note.parse_vkey(key).name: key for key in vkeys}
    place: tuple[Any, ...] = (-1, "")
    while rows := snapshot.rows(_WITNESSED, *place):
        for size, witness, line, at, text in rows:
            report.cosignatures += 1
            _compare(size, witness, line, at, text, by_name.get(witness), report)
        place = rows[-1][:2]


def _compare(
    size: int, witness: str, line: str, at: Any, text: str | None, vkey: str | None, report: TrailReport
) -> None:
    name = f"{size} {witness}"
    if text is None:
        report.differ("cosignature", name, "its checkpoint", None, "there")
    elif vkey is None:
        report.differ("cosignature", name, "the key of its witness", None, "one of QENEX_WITNESSES")
    else:
        moment = note.verify_cosignature(text + line, vkey)
        report.compare("cosignature", name, "at", int(at.timestamp()), moment)
