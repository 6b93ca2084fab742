"""The journals' own rows against the events that began them."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger.engine.load import microseconds
from ledger.verification.pages import Snapshot
from ledger.verification.report import BookReport

_JOURNALS = """
SELECT id::text, kind, reference, description, reverses_id::text, rate, metadata::text, posted_at, book_id
FROM ledger_journal WHERE id = ANY(%s)
"""
_CHILDLESS = """
SELECT j.id FROM ledger_journal j WHERE j.book_id = %s
AND NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.journal_id = j.id AND t.book_id = j.book_id)
"""
_FIELDS = ("kind", "reference", "description", "reverses", "rate", "metadata", "posted_at")


def compare(snapshot: Snapshot, book: UUID, told: Sequence[dict[str, Any]], report: BookReport) -> None:
    """Compares the journals that events told of with their rows."""
    if not told:
        return
    stored = {row[0]: row for row in snapshot.rows(_JOURNALS, [UUID(each["id"]) for each in told])}
    for each in told:
        report.journals += 1
        row = stored.get(each["id"])
        if row is None:
            report.differ("journal", each["id"], "the journal of an event", None, "there")
            continue
        _, kind, reference, description, reverses, rate, metadata, posted_at, of_book = row
        values = (kind, reference, description, reverses, rate, json.loads(metadata), microseconds(posted_at))
        for what, value in zip(_FIELDS, values, strict=True):
            report.compare("journal", each["id"], what, value, each[what])
        report.compare("journal", each["id"], "book", of_book, book)


def childless(snapshot: Snapshot, book: UUID, report: BookReport) -> None:
    """Notes the journals that have no transfers."""
    for (id,) in snapshot.rows(_CHILDLESS, book):
        report.differ("journal", id, "its transfers", None, "at least one")
