"""The events that tell of transfers: each transfer has one, and each one's tree has just its transfers for leaves."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from ledger.engine.batch import POSTED
from ledger.verification.pages import Snapshot
from ledger.verification.report import BookReport
from qenex.kernel import merkle

_EVENTS = (
    "SELECT uuid_send(id), type, book_id, subject_type, subject_id, actor, body FROM kernel_event WHERE id = ANY(%s)"
)
_CHILDLESS = """
SELECT e.id FROM kernel_event e WHERE e.book_id = %s AND e.type = %s
AND NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.event_id = e.id)
"""


class EventTally:
    """What an event says of its transfers, and their leaf hashes so far."""

    __slots__ = ("count", "first_us", "hashes", "last_us", "root")

    def __init__(self, data: dict[str, Any]) -> None:
        self.count: int = data["count"]
        self.first_us: int = data["first_posted_at_us"]
        self.last_us: int = data["last_posted_at_us"]
        self.root: str = data["transfers_root"]
        self.hashes: list[tuple[int, bytes]] = []


class Events:
    """The events of one book, as its transfers lead to them."""

    def __init__(self, snapshot: Snapshot, book: UUID, report: BookReport) -> None:
        self._snapshot, self._book, self._report = snapshot, book, report
        self._open: dict[bytes, EventTally] = {}
        self._done: set[bytes] = set()
        self.expiries: dict[bytes, int] = {}
        """Hold → when it was to expire, in microseconds since 1970."""

    def page(self, ids: Sequence[bytes], moments: Sequence[int], hashes: Sequence[bytes]) -> list[dict[str, Any]]:
        """Takes a page's event ids, moments and leaf hashes, and returns the journals that its new events began."""
        journals = self._load({id for id in ids if id not in self._open and id not in self._done})
        for id, moment, leaf in zip(ids, moments, hashes, strict=True):
            event = self._open.get(id)
            if event is None:
                continue
            event.hashes.append((moment, leaf))
            if len(event.hashes) == event.count:
                self._close(id, event)
        return journals

    def finish(self) -> None:
        """Notes the events that have fewer transfers than they say, or none at all."""
        for id, event in list(self._open.items()):
            self._close(id, event)
        for (id,) in self._snapshot.rows(_CHILDLESS, self._book, POSTED):
            self._report.differ("event", id, "count", "some", "no transfers")
        self._report.events = len(self._done)

    def _load(self, ids: Iterable[bytes]) -> list[dict[str, Any]]:
        wanted = set(ids)
        journals = []
        for id, type_, book, subject_type, subject_id, actor, body in self._snapshot.rows(
            _EVENTS, [UUID(bytes=id) for id in wanted]
        ):
            wanted.discard(id)
            told = self._read(id, body)
            if told is None:
                continue
            columns = {
                "type": type_,
                "book": str(book),
                "subject": subject_type,
                "subject's id": subject_id,
                "actor": actor,
            }
            for what, stored in columns.items():
                self._report.compare("event", id, what, stored, _told(told, what))
            self._report.compare("event", id, "book", book, self._book)
            if type_ != POSTED:
                self._report.compare("event", id, "type", type_, POSTED)
                continue
            data = told["data"]
            self._open[id] = EventTally(data)
            self.expiries.update({UUID(hold).bytes: expires for hold, expires in data.get("expiries", ())})
            if "journal" in data:
                journals.append(data["journal"] | {"posted_at": data["first_posted_at_us"]})
        for id in wanted:
            self._report.differ("event", id, "the event of some transfers", None, "there")
            self._done.add(id)
        return journals

    def _read(self, id: bytes, body: bytes) -> dict[str, Any] | None:
        """What the event says; none where its bytes are no event's, which is noted."""
        try:
            told: dict[str, Any] = json.loads(bytes(body))
            if _told(told, "type") == POSTED:
                EventTally(told["data"])
        except (ValueError, KeyError, TypeError) as problem:
            self._report.differ("event", id, "its bytes", str(problem), "canonical JSON of an event")
            self._done.add(id)
            return None
        return told

    def _close(self, id: bytes, event: EventTally) -> None:
        """Compares an event with its transfers, all of which have been seen."""
        del self._open[id]
        self._done.add(id)
        report = self._report
        report.compare("event", id, "count", event.count, len(event.hashes))
        report.compare("event", id, "first_posted_at_us", event.first_us, event.hashes[0][0])
        report.compare("event", id, "last_posted_at_us", event.last_us, event.hashes[-1][0])
        report.compare("event", id, "transfers_root", event.root, merkle.root([leaf for _, leaf in event.hashes]).hex())


def _told(told: dict[str, Any], what: str) -> Any:
    """What the event's hashed bytes say of one of its columns."""
    values = {
        "type": told["type"],
        "book": told["book"],
        "subject": told["subject"]["type"],
        "subject's id": told["subject"]["id"],
        "actor": told["actor"]["name"],
    }
    return values[what]
