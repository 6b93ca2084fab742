"""What is posted in one transaction: submissions of several callers, and the events that will tell of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.drafts import Drafts, Journal, Kind
from ledger.domain.results import TransferResult
from ledger.domain.rows import Row
from ledger.domain.sequence import GateVerdict
from qenex.kernel import events, merkle
from qenex.kernel.context import Context
from qenex.kernel.ids import uuid7

POSTED = "ledger.transfers.posted"
_who = attrgetter("actor_id", "actor", "on_behalf_of", "address", "method", "key_id", "reason")


@dataclass(slots=True)
class Submission:
    """One caller's transfers, and after posting their results in the same order."""

    drafts: Drafts
    context: Context
    linked: bool = False
    journal: Journal | None = None
    results: list[TransferResult] = field(default_factory=list)
    verdicts: Mapping[int, GateVerdict] = field(default_factory=dict)
    """Position → what a gate decided, where it did not allow the transfer."""


class EventGroup:
    """The transfers of a batch that one event tells of: those of one actor, or those of one journal."""

    __slots__ = (
        "context",
        "expiries",
        "first_us",
        "gated",
        "id",
        "journal",
        "journal_id",
        "last_us",
        "leaf_hashes",
        "requests",
    )

    def __init__(self, context: Context, journal: Journal | None) -> None:
        self.id = uuid7()
        self.context = context
        self.journal = journal
        self.journal_id = journal.id.bytes if journal else None
        self.leaf_hashes: list[bytes] = []
        self.requests: list[tuple[str, int]] = []
        self.gated: list[tuple[UUID, str]] = []
        self.expiries: list[tuple[UUID, int]] = []
        self.first_us = self.last_us = 0

    def add_request(self, submission: Submission, count: int, first_us: int, last_us: int) -> None:
        """Notes which request brought so many of the transfers, posted from the one moment to the other."""
        self.first_us = self.first_us or first_us
        self.last_us = last_us
        request = submission.context.request_id
        if self.requests and self.requests[-1][0] == request:
            count += self.requests.pop()[1]
        if request:
            self.requests.append((request, count))

    def add_holds(self, submission: Submission, rows: Sequence[Row]) -> None:
        """Notes when the holds among these rows of a request expire, and which of them a gate made."""
        holds = [row for row in rows if row.kind is Kind.HOLD]
        self.expiries += [
            (row.draft.id, row.posted_at_us + row.draft.timeout * 1_000_000)
            for row in holds
            if row.draft.timeout is not None
        ]
        made = {row.draft.id for row in holds}
        self.gated += [
            (submission.drafts[position].id, reason)
            for position, (_, reason) in submission.verdicts.items()
            if submission.drafts[position].id in made and submission.drafts[position].kind is Kind.POSTED
        ]

    def event(self, book: UUID) -> events.Draft:
        """The event: how many transfers, where they lie in the book's order, and the Merkle root over their bytes."""
        data: dict[str, Any] = {
            "count": len(self.leaf_hashes),
            "first_posted_at_us": self.first_us,
            "last_posted_at_us": self.last_us,
            "transfers_root": merkle.root(self.leaf_hashes).hex(),
        }
        if self.gated:
            data["held_by_gate"] = self.gated
        if len(self.requests) > 1:
            data["requests"] = self.requests
        if self.expiries:
            data["expiries"] = self.expiries
        if self.journal is not None:
            data["journal"] = msgspec.structs.asdict(self.journal)
        subject = ("journal", self.journal.id) if self.journal else ("book", book)
        draft = events.draft(
            POSTED, subject_type=subject[0], subject_id=subject[1], book_id=book, data=data, by=self.context
        )
        return draft._replace(id=self.id)


class EventGroups:
    """The groups of one batch."""

    def __init__(self) -> None:
        self._groups: dict[object, EventGroup] = {}

    def of(self, submission: Submission) -> EventGroup:
        """The group that tells of this submission's transfers."""
        key = (_who(submission.context), submission.journal and submission.journal.id)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = EventGroup(submission.context, submission.journal)
        return group

    def written(self) -> list[EventGroup]:
        """The groups that have transfers."""
        return [group for group in self._groups.values() if group.leaf_hashes]
