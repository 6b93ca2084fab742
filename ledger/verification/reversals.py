"""Reversals: each the other way round of a transfer of the same book, and together never for more than it."""

from uuid import UUID

from ledger.verification.pages import Snapshot
from ledger.verification.report import BookReport

_STRAY = """
SELECT r.id, r.origin_id FROM ledger_transfer r LEFT JOIN ledger_transfer o ON o.id = r.origin_id
WHERE r.book_id = %s AND r.kind = 6 AND r.origin_id IS NOT NULL AND (
    o.kind IN (1, 3, 7) AND (o.book_id, o.debit_account_id, o.credit_account_id)
    = (r.book_id, r.credit_account_id, r.debit_account_id)) IS NOT TRUE
UNION ALL
SELECT id, NULL FROM ledger_transfer WHERE book_id = %s AND kind = 6 AND origin_id IS NULL
"""
_EXCESSIVE = """
SELECT o.id, sum(r.amount), o.amount FROM ledger_transfer r JOIN ledger_transfer o ON o.id = r.origin_id
WHERE r.book_id = %s AND r.kind = 6 AND r.origin_id IS NOT NULL GROUP BY o.id, o.amount HAVING sum(r.amount) > o.amount
"""


def check(snapshot: Snapshot, book: UUID, report: BookReport) -> None:
    """Notes the reversals that could not have been posted."""
    for id, origin in snapshot.rows(_STRAY, book, book):
        report.differ("transfer", id, "origin", origin, "a posted transfer the other way round")
    for id, reversed_, amount in snapshot.rows(_EXCESSIVE, book):
        report.differ("transfer", id, "the sum of its reversals", reversed_, f"at most {amount}")
