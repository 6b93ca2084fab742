"""The ledger's locks: one of 64 empty tables, chosen by the book, taken before a transaction's snapshot."""

from uuid import UUID

LOCK_TABLES = 64


def book_lock(book: UUID) -> str:
    """The name of the table whose lock makes its holder the book's only writer."""
    return f"ledger_lock_{book.int % LOCK_TABLES:02d}"
