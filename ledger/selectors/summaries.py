"""What a book is about, at a glance, at a cost that does not grow with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.selectors.queries import WRITER, rows

CAP = 10_000
"""Nobody reads a larger number on a start page; counting stops there."""

_SUMMARIES = """
SELECT b.id, h.last_posted_at,
       (SELECT count(*) FROM (SELECT FROM ledger_account a WHERE a.book_id = b.id LIMIT %(cap)s) few),
       (SELECT count(*) FROM (
            SELECT FROM ledger_hold o WHERE o.book_id = b.id AND o.status = 'open' LIMIT %(cap)s) few),
       EXISTS (SELECT FROM ledger_transfer t WHERE t.book_id = b.id)
FROM unnest(%(books)s::uuid[]) AS b (id) JOIN ledger_bookhead h ON h.book_id = b.id
"""


@dataclass(frozen=True, slots=True)
class BookSummary:
    """A few numbers of a book."""

    accounts: int
    """At most CAP: there may be more."""
    open_holds: int
    """At most CAP: there may be more."""
    last_posted_at: datetime | None
    """None where nothing was posted yet."""


def book_summaries(books: Sequence[UUID], *, using: str = WRITER) -> dict[UUID, BookSummary]:
    """The summaries of books by their ids. One query, by index."""
    found = rows(using, _SUMMARIES, {"books": list(books), "cap": CAP})
    return {
        id: BookSummary(accounts, holds, posted_at if any_transfer else None)
        for id, posted_at, accounts, holds, any_transfer in found
    }
