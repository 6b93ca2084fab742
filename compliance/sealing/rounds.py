"""One round: events that are settled get the next positions, and the tree grows by them. One transaction."""

import struct
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from compliance.sealing.edge import Full
from compliance.sealing.heads import Head, Place
from compliance.sealing.turns import Turn
from compliance.trail.entry import PREFIX

LIMIT = 10_000
"""Events of a round at most: what bounds the memory, for the bodies stay in the database."""

HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
"""The oldest transaction that still runs: below it nothing can appear any more."""

# The leaf of `compliance.trail.entry.event_leaf`, hashed as RFC 6962 hashes leaves.
HASH = rf"sha256('\x00{PREFIX.hex()}'::bytea || int8send(e.transaction) || e.body)"
COLUMNS = f"SELECT uuid_send(e.id), e.transaction, {HASH} FROM kernel_event e"  # noqa: S608  # constants
UNSEALED = "NOT EXISTS (SELECT FROM compliance_leaf l WHERE l.event_id = e.id)"
_SETTLED = f"""
{COLUMNS} WHERE (e.transaction, e.id) > (%s, %s) AND e.transaction < {HORIZON} {{}}
ORDER BY e.transaction, e.id LIMIT %s
"""
_COPY_LEAVES = "COPY compliance_leaf (position, event_id, transaction, hash) FROM STDIN (FORMAT BINARY)"
_COPY_TILES = "COPY compliance_tile (level, index, hashes, root) FROM STDIN (FORMAT BINARY)"
_LEAF = struct.Struct(">h i q i 16s i q i 32s")
_TILE = struct.Struct(">h i h i q i 8192s i 32s")


class Entry(NamedTuple):
    """What a round knows of an event."""

    event_id: bytes
    transaction: int
    hash: bytes


def settled(turn: Turn, place: Place, limit: int = LIMIT) -> list[Entry]:
    """The next events behind the horizon, in the order of (transaction, id). One statement, one snapshot."""
    query = _SETTLED.format(f"AND {UNSEALED}" if place.anew else "")
    return [Entry(*row) for row in turn.rows(query, place.transaction, place.event_id, limit)]


def append(turn: Turn, head: Head, entries: Sequence[Entry]) -> Head:
    """Gives the entries the next positions in the open transaction; the tree as it is once that is committed."""
    if not entries:
        return head
    edge, tiles = head.edge.extended([entry.hash for entry in entries])
    turn.copy(_COPY_LEAVES, _leaves(head.size, entries))
    if tiles:
        turn.copy(_COPY_TILES, _tiles(tiles))
    last = entries[-1]
    return Head(Place(edge.size, last.transaction, UUID(bytes=last.event_id), head.place.anew), edge)


def _leaves(first: int, entries: Sequence[Entry]) -> bytes:
    pack = _LEAF.pack
    return b"".join(
        [
            pack(4, 8, position, 16, event_id, 8, transaction, 32, digest)
            for position, (event_id, transaction, digest) in enumerate(entries, first)
        ]
    )


def _tiles(tiles: Sequence[Full]) -> bytes:
    return b"".join(
        _TILE.pack(4, 2, tile.level, 8, tile.index, len(tile.hashes), tile.hashes, 32, tile.root) for tile in tiles
    )
