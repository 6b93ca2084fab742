"""Books with their heads, and assets."""

from qenex.kernel.projections import Projection, Shadows, Span, Table
from qenex.kernel.upcasting import Told

_MARK = "Tells processes that something has changed; its value says nothing."
# The last posting of a book is its last transfer's, or else the moment at which it was opened.
_LAST = """
UPDATE replay_ledger_bookhead h SET last_posted_at = greatest(h.last_posted_at, last.moment), replay_untold = '{{}}'
FROM (SELECT t.book_id, max(t.posted_at) AS moment FROM ledger_transfer t WHERE {scope} GROUP BY t.book_id) last
WHERE h.book_id = last.book_id
"""


class Books(Projection):
    """From their own events, and the last posting from the transfers."""

    name = "books"
    tables = (
        Table("ledger_book", ("id",), ("code", "name", "status", "metadata", "version", "created_at")),
        Table("ledger_bookhead", ("book_id",), ("last_posted_at",), {"batch_id": _MARK, "terms_id": _MARK}),
    )
    events = frozenset({"ledger.book.created", "ledger.book.updated"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Opens a book, or changes one."""
        books = shadows["ledger_book"]
        if told.type == "ledger.book.created":
            books.put(told.subject, **{"status": "open", "version": 1, **told.data})
            shadows["ledger_bookhead"].put(told.subject, last_posted_at=told.data["created_at"])
            return
        row = books.change(told.subject, by=told.type, **told.after)
        if row is not None:
            row["version"] += 1

    def build(self, shadows: Shadows, span: Span) -> None:
        """One pass over the transfers."""
        shadows["ledger_bookhead"].cursor.execute(_LAST.format(scope=span.of_event("t.event_id")))


class Assets(Projection):
    """Made once, and never changed."""

    name = "assets"
    tables = (Table("ledger_asset", ("id",), ("code", "name", "kind", "places", "created_at")),)
    events = frozenset({"ledger.asset.created"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Makes an asset."""
        shadows["ledger_asset"].put(told.subject, **told.data)
