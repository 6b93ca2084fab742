"""Whether a tree goes on from what was signed before: asked before anything is added to it or signed of it."""

from functools import partial
from typing import NamedTuple

from django.conf import settings

from compliance.models import Checkpoint
from compliance.sealing import guard, reading
from compliance.sealing.edge import Edge
from compliance.sealing.errors import Reason, Refused
from compliance.sealing.guard import Guard
from compliance.sealing.heads import Place
from compliance.sealing.turns import Turn
from compliance.trail.merkle import HASH_SIZE, root_of
from compliance.trail.tiles import WIDTH

CHECKED = 64
"""Tiles of each level, the newest, that are compared with the rows below them whenever a sealer takes over."""

_CLUSTER = "SELECT system_identifier, pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM pg_control_system()"
_AHEAD = """
SELECT e.id FROM kernel_event e
WHERE e.transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    AND NOT EXISTS (SELECT FROM compliance_leaf l WHERE l.event_id = e.id) LIMIT 1
"""
_SKIPPED = """
SELECT e.id FROM kernel_event e WHERE (e.transaction, e.id) <= (%s, %s)
    AND NOT EXISTS (SELECT FROM compliance_leaf l WHERE l.event_id = e.id) LIMIT 1
"""
_TILES = """
SELECT t.level, t.index, t.hashes, t.root, CASE t.level
    WHEN 0 THEN (SELECT string_agg(hash, ''::bytea ORDER BY position) FROM compliance_leaf
        WHERE position >= t.index * 256 AND position < (t.index + 1) * 256)
    ELSE (SELECT string_agg(b.root, ''::bytea ORDER BY b.index) FROM compliance_tile b
        WHERE b.level = t.level - 1 AND b.index >= t.index * 256 AND b.index < (t.index + 1) * 256) END
FROM compliance_tile t WHERE t.level = %s AND t.index >= %s AND t.index < %s ORDER BY t.index
"""


def cluster(turn: Turn) -> int:
    """PostgreSQL's own number of this cluster; a physical copy has the same."""
    row = turn.row(_CLUSTER)
    assert row is not None
    return int(row[0])


class Signed(NamedTuple):
    """What was signed last, as the file outside and as the database know it."""

    kept: Guard | None
    last: Checkpoint | None


def check(turn: Turn, place: Place) -> Signed:
    """All of it, for a sealer that has not seen this tree grow. Raises Refused."""
    check_tiles(turn, place.size)
    signed = check_signed(place.size)
    check_cluster(turn, place, signed.kept)
    return signed


def check_signed(size: int) -> Signed:
    """The tree of this size holds all that was signed. Raises Refused."""
    signed = Signed(guard.read(), reading.latest(using="default"))
    check_checkpoint(size, signed.last)
    check_guard(size, *signed)
    return signed


def check_tiles(turn: Turn, size: int, count: int = CHECKED) -> None:
    """The newest tiles are what the rows below them say. Raises Refused."""
    level, full = 0, size // WIDTH
    while full:
        _check_level(turn, level, max(0, full - count), full)
        level, full = level + 1, full // WIDTH


def _check_level(turn: Turn, level: int, first: int, end: int) -> None:
    expected = first
    for _, index, hashes, root, below in turn.rows(_TILES, level, first, end):
        parts = [hashes[start : start + HASH_SIZE] for start in range(0, len(hashes), HASH_SIZE)]
        if index != expected or hashes != below or root != root_of(parts):
            break
        expected += 1
    if expected != end:
        raise Refused(Reason.TILE_DIFFERS, f"tile {level}/{expected} is not what the rows below it add up to")


def check_checkpoint(size: int, last: Checkpoint | None) -> None:
    """The tree has the leaves of the newest checkpoint in the database. Raises Refused."""
    if last is not None and (last.size > size or root_at(last.size) != bytes(last.root)):
        raise Refused(
            Reason.CHECKPOINT_DIFFERS, f"the tree of {size} leaves does not hold that of checkpoint {last.size}"
        )


def check_guard(size: int, kept: Guard | None, last: Checkpoint | None) -> None:
    """The tree has the leaves of what is kept outside, which is no older than the newest checkpoint. Raises Refused."""
    if kept is None:
        if last is not None:
            detail = f"checkpoint {last.size} was signed, and {guard.path()} is gone"
            raise Refused(Reason.GUARD_MISSING, detail)
        return
    if kept.origin != settings.TRAIL_ORIGIN:
        detail = f"{kept.origin} was signed for, and the origin is {settings.TRAIL_ORIGIN}"
        raise Refused(Reason.ORIGIN_CHANGED, detail)
    if kept.size > size:
        raise Refused(Reason.GUARD_AHEAD, f"a tree of {kept.size} leaves was signed, and this one has {size}")
    if root_at(kept.size).hex() != kept.root:
        raise Refused(Reason.GUARD_DIFFERS, f"the first {kept.size} leaves are not those that were signed")
    if last is not None and kept.size < last.size:
        detail = f"{guard.path()} knows of {kept.size} leaves, and checkpoint {last.size} was signed after that"
        raise Refused(Reason.GUARD_BEHIND, detail)


def check_nothing_skipped(turn: Turn, place: Place) -> None:
    """No event without a leaf stands before the last one: a look at every event. Raises Refused."""
    if skipped := turn.row(_SKIPPED, place.transaction, place.event_id):
        raise Refused(Reason.RESTORED, f"event {skipped[0]} has no leaf, and stands before the last one")


def check_cluster(turn: Turn, place: Place, kept: Guard | None) -> None:
    """Transaction numbers go on from those of the leaves. Raises Refused where they have begun anew."""
    row = turn.row(_CLUSTER)
    assert row is not None
    present, following = row
    if kept is not None and kept.size and kept.cluster != present:
        raise Refused(Reason.RESTORED, f"the database was in cluster {kept.cluster} and is in {present} now")
    if place.size and place.transaction >= following:
        detail = f"the last leaf is of transaction {place.transaction}, and the next one here is {following}"
        raise Refused(Reason.RESTORED, detail)
    if ahead := turn.row(_AHEAD):
        raise Refused(Reason.RESTORED, f"event {ahead[0]} is of a transaction that this cluster has not reached")


def root_at(size: int) -> bytes:
    """The root of the first leaves. Raises Refused where a tile is missing."""
    try:
        return Edge.load(size, partial(reading.fetch, using="default")).root()
    except LookupError as problem:
        raise Refused(Reason.TILE_DIFFERS, str(problem)) from None
