"""Checkpoints: each has the root of the leaves that it covers, and a signature of the log's key."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from compliance.sealing import keys
from compliance.trail import checkpoint, note
from compliance.verification.outside import Others
from compliance.verification.report import TrailReport
from compliance.verification.tree import Growth
from ledger.verification.pages import Snapshot

PAGE = 10_000
_PAGE = """
SELECT size, root, note, kid, signed_at FROM compliance_checkpoint WHERE size > %s ORDER BY size LIMIT %s
"""


class Checkpoints:
    """The checkpoints of the database in their order, each compared when the tree has its size."""

    def __init__(self, snapshot: Snapshot, report: TrailReport) -> None:
        self._report = report
        self._rows = _rows(snapshot)
        self._keys = keys.by_kid()
        self._next = next(self._rows, None)
        self._page: dict[int, tuple[Any, ...]] = {}

    def grow(self, growth: Growth, hashes: list[bytes], others: Others) -> None:
        """Adds a page of leaves to the tree, stopping wherever a checkpoint was signed or somebody knows the tree."""
        first = growth.edge.size
        for size in sorted({*self._until(first + len(hashes)), *others.until(first + len(hashes))}):
            growth.add(hashes[growth.edge.size - first : size - first])
            root = growth.edge.root()
            if size in self._page:
                self._compare(root, *self._page.pop(size))
            others.reached(size, root)
        growth.add(hashes[growth.edge.size - first :])

    def _until(self, size: int) -> list[int]:
        """The sizes of the checkpoints up to this one."""
        while self._next is not None and self._next[0] <= size:
            self._page[self._next[0]] = self._next
            self._next = next(self._rows, None)
        return list(self._page)

    def finish(self, size: int) -> None:
        """No checkpoint is larger than the tree."""
        while self._next is not None:
            self._report.differ("checkpoint", self._next[0], "size", self._next[0], f"{size} or less")
            self._next = next(self._rows, None)

    def _compare(self, computed: bytes, size: int, root: bytes, text: str, kid: str, signed_at: Any) -> None:
        self._report.checkpoints += 1
        compare = self._report.compare
        compare("checkpoint", size, "root", root, computed)
        key = self._keys.get(kid)
        compare("checkpoint", size, "the key of its id", kid, kid if key else "a key of the log")
        try:
            said = checkpoint.parse(note.parse(text).text)
        except (note.NoteInvalid, checkpoint.CheckpointInvalid) as problem:
            self._report.differ("checkpoint", size, "note", str(problem), "a signed checkpoint")
            return
        told = (said.origin, said.size, said.root, said.extensions)
        expected = (settings.TRAIL_ORIGIN, size, computed, keys.extensions(signed_at))
        for what, stored, wanted in zip(("origin", "size", "root", "signed_at"), told, expected, strict=True):
            compare("checkpoint", size, f"{what} in the note", stored, wanted)
        if key is not None and not note.verify(text, key):
            self._report.differ("checkpoint", size, "signature", "not that of its key", "one that holds")


def _rows(snapshot: Snapshot) -> Iterator[tuple[Any, ...]]:
    last = 0
    while rows := snapshot.rows(_PAGE, last, PAGE):
        yield from rows
        last = rows[-1][0]
