"""The holds' stored states against what their transfers add up to."""

from collections.abc import Mapping
from uuid import UUID

from ledger.engine.load import microseconds
from ledger.verification.pages import Snapshot
from ledger.verification.report import BookReport
from ledger.verification.walk import HoldTally
from qenex.kernel.money import from_decimal

_HOLDS = """
SELECT uuid_send(id), uuid_send(debit_account_id), uuid_send(credit_account_id), uuid_send(asset_id), status,
       amount, posted_amount, created_at, resolved_at, expires_at
FROM ledger_hold WHERE book_id = %s
"""


def compare(
    snapshot: Snapshot,
    book: UUID,
    tallies: Mapping[bytes, HoldTally],
    expiries: Mapping[bytes, int],
    report: BookReport,
) -> None:
    """Compares every hold of the book."""
    unseen = set(tallies)
    for id, debit, credit, asset, status, amount, posted, *moments in snapshot.rows(_HOLDS, book):
        report.holds += 1
        unseen.discard(id)
        tally = tallies.get(id)
        if tally is None:
            report.differ("hold", id, "the transfer of the hold", None, "there")
            continue
        created, resolved, expires = (None if each is None else microseconds(each) for each in moments)
        pairs = {
            "debit_account": (debit, tally.debit),
            "credit_account": (credit, tally.credit),
            "asset": (asset, tally.asset),
            "status": (status, tally.status),
            "created_at": (created, tally.created_us),
            "resolved_at": (resolved, tally.resolved_us),
            "expires_at": (expires, expiries.get(id)),
        }
        for what, (stored, computed) in pairs.items():
            report.compare("hold", id, what, stored, computed)
        report.amount("hold", id, "amount", from_decimal(amount), tally.amount)
        report.amount("hold", id, "posted_amount", from_decimal(posted), tally.posted)
    for id in unseen:
        report.differ("hold", id, "the state of the hold", None, "there")
