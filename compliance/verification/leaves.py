"""Events and their leaves: each is there, is in its place, and hashes to what was sealed."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from compliance.trail.entry import EntryInvalid, event_leaf
from compliance.verification.columns import compare_columns
from compliance.verification.report import TrailReport
from ledger.verification.pages import Snapshot

PAGE = 10_000
EVENT = "event"

_PAGE = """
SELECT l.position, uuid_send(l.event_id), l.transaction, l.hash, e.transaction, e.body, uuid_send(e.id), e.type,
       e.version, uuid_send(e.book_id), e.subject_type, e.subject_id, e.actor_id, e.actor, e.request_id, e.recorded_at
FROM compliance_leaf l LEFT JOIN kernel_event e ON e.id = l.event_id
WHERE l.position >= %s ORDER BY l.position LIMIT %s
"""
_RESTORED = "SELECT position, horizon FROM compliance_restoration ORDER BY position DESC LIMIT 1"
_LAST = "SELECT transaction, event_id FROM compliance_leaf ORDER BY position DESC LIMIT 1"
_BEHIND = """
SELECT uuid_send(e.id), (e.transaction, e.id) <= (%s, %s) FROM kernel_event e
WHERE NOT EXISTS (SELECT FROM compliance_leaf l WHERE l.event_id = e.id)
"""


def pages(snapshot: Snapshot, report: TrailReport) -> Iterator[list[bytes]]:
    """The hashes of the leaves as they must be, computed from the events, a page at a time; notes what differs."""
    position = 0
    while rows := snapshot.rows(_PAGE, position, PAGE):
        yield [_leaf(position + number, row, report) for number, row in enumerate(rows)]
        position += len(rows)
        report.leaves = position


def _leaf(expected: int, row: tuple[Any, ...], report: TrailReport) -> bytes:
    position, event_id, transaction, stored, own, body, *columns = row
    report.compare("leaf", expected, "position", position, expected)
    if body is None:
        report.differ(EVENT, event_id, f"the event at position {position}", None, "there")
        return bytes(stored)
    report.compare(EVENT, event_id, "transaction", own, transaction)
    try:
        hashed = sha256(b"\x00" + event_leaf(transaction, body)).digest()
    except EntryInvalid as problem:
        report.differ("leaf", position, "transaction", transaction, str(problem))
        return bytes(stored)
    if hashed != stored:
        report.differ(EVENT, event_id, f"the hash of its bytes at position {position}", stored, hashed)
        return bytes(stored)
    compare_columns(event_id, body, columns, report)
    return hashed


def unsealed(snapshot: Snapshot, report: TrailReport) -> None:
    """Events without a leaf: those still to come are counted, those that stand before sealed ones were slipped in."""
    last = snapshot.rows(_LAST)
    if not last:
        return
    place = last[0]
    restored = snapshot.rows(_RESTORED)
    if restored and restored[0][0] == report.leaves:
        place = restored[0][1] - 1, place[1]
    for event_id, behind in snapshot.rows(_BEHIND, *place):
        if behind:
            report.differ(EVENT, event_id, "its leaf", None, "there: later events have theirs")
        else:
            report.unsealed += 1
