"""Proving a book: everything that is derived is computed again from its transfers and events, and compared."""

from ledger.verification.report import BookReport, Difference
from ledger.verification.run import strays, verify_book

__all__ = ["BookReport", "Difference", "strays", "verify_book"]
