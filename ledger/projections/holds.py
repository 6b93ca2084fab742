"""Holds: made, posted, voided and expired by transfers; when they are to expire is in the event that tells of them."""

from datetime import UTC, datetime, timedelta

from ledger import truth
from qenex.kernel.projections import Projection, Shadows, Span, Table
from qenex.kernel.upcasting import Told

_COLUMNS = (
    *("book_id", "debit_account_id", "credit_account_id", "asset_id", "amount", "posted_amount", "status"),
    *("expires_at", "created_at", "resolved_at"),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPIRIES = "CREATE TEMPORARY TABLE replay_expiry (hold_id uuid PRIMARY KEY, moment timestamptz) ON COMMIT DROP"
_MADE = """
INSERT INTO replay_ledger_hold (id, book_id, debit_account_id, credit_account_id, asset_id, amount, posted_amount,
                                status, expires_at, created_at)
SELECT t.id, t.book_id, t.debit_account_id, t.credit_account_id, t.asset_id, t.amount, 0, 'open', x.moment, t.posted_at
FROM ledger_transfer t LEFT JOIN replay_expiry x ON x.hold_id = t.id WHERE t.kind = 2 AND {scope}
"""
_ACTED = f"""
UPDATE replay_ledger_hold h SET posted_amount = h.posted_amount + a.posted, status = a.status, resolved_at = a.ended_at
FROM ({truth.ACTS}) a WHERE h.id = a.origin_id
"""  # noqa: S608  # constants


class Holds(Projection):
    """From the transfers, in sets."""

    name = "holds"
    tables = (Table("ledger_hold", ("id",), _COLUMNS),)
    events = frozenset({"ledger.transfers.posted"})
    only_with = b'"expiries":'

    def __init__(self) -> None:
        self._expiries: list[tuple[str, int]] = []

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Notes when the holds of a batch expire."""
        self._expiries += [(hold, moment) for hold, moment in told.data.get("expiries", ())]

    def build(self, shadows: Shadows, span: Span) -> None:
        """First the holds that were made, then what became of any."""
        cursor, scope = shadows["ledger_hold"].cursor, span.of_event("t.event_id")
        cursor.execute(_EXPIRIES)
        with cursor.copy("COPY replay_expiry FROM STDIN") as copy:
            for hold, moment in self._expiries:
                copy.write_row((hold, _EPOCH + timedelta(microseconds=moment)))
        cursor.execute(_MADE.format(scope=scope))
        cursor.execute(_ACTED.format(scope=scope))
