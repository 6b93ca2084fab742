"""The tree grows again from the leaves: its tiles, and its root wherever one was signed."""

from collections.abc import Sequence

from compliance.sealing.edge import Edge, Full
from compliance.verification.report import TrailReport
from ledger.verification.pages import Snapshot

_TILES = """
SELECT w.level, w.index, t.hashes, t.root FROM unnest(%s::int[], %s::bigint[]) w (level, index)
LEFT JOIN compliance_tile t ON t.level = w.level AND t.index = w.index
"""
_COUNT = "SELECT count(*) FROM compliance_tile"


class Growth:
    """A tree that grows by pages of leaves."""

    def __init__(self, snapshot: Snapshot, report: TrailReport) -> None:
        self._snapshot, self._report = snapshot, report
        self.edge = Edge()

    def add(self, hashes: Sequence[bytes]) -> None:
        """Adds leaves, and compares the tiles that they fill with those that are stored."""
        self.edge, filled = self.edge.extended(hashes)
        if not filled:
            return
        rows = self._snapshot.rows(_TILES, [tile.level for tile in filled], [tile.index for tile in filled])
        stored = {(level, index): (hashes, root) for level, index, hashes, root in rows}
        for tile in filled:
            self._compare(tile, *stored[tile.level, tile.index])
        self._report.tiles += len(filled)

    def finish(self) -> None:
        """No tile is there that the leaves do not fill."""
        [(count,)] = self._snapshot.rows(_COUNT)
        self._report.compare("tile", "all", "how many there are", count, self._report.tiles)
        self._report.root = self.edge.root().hex()

    def _compare(self, tile: Full, hashes: bytes | None, root: bytes | None) -> None:
        name = f"{tile.level}/{tile.index}"
        if hashes is None:
            self._report.differ("tile", name, "the tile", None, "there")
            return
        self._report.compare("tile", name, "hashes", hashes, tile.hashes)
        self._report.compare("tile", name, "root", root, tile.root)
