"""What accounts hold: the floor from the accounts' events, the four counters from the transfers, in sets."""

from ledger import truth
from ledger.projections.accounts import CREATED, UPDATED
from qenex.kernel.projections import Projection, Shadows, Span, Table
from qenex.kernel.upcasting import Told

_COUNTERS = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")
# What was posted is added to what a snapshot has; what is pending follows from the holds as they are at the end.
_BUILD = f"""
WITH posted AS ({truth.POSTED}), pending AS ({truth.PENDING.replace("{holds}", "replay_ledger_hold")})
UPDATE replay_ledger_balance b
SET debits_posted = b.debits_posted + coalesce(s.debits, 0), credits_posted = b.credits_posted + coalesce(s.credits, 0),
    debits_pending = coalesce(p.debits, 0), credits_pending = coalesce(p.credits, 0)
FROM replay_ledger_balance a
LEFT JOIN posted s ON s.account_id = a.account_id LEFT JOIN pending p ON p.account_id = a.account_id
WHERE b.account_id = a.account_id
"""  # noqa: S608  # constants


class Balances(Projection):
    """Counters as they add up, whatever the live ones are."""

    name = "balances"
    tables = (Table("ledger_balance", ("account_id",), ("book_id", "normal_side", "floor", *_COUNTERS)),)
    events = frozenset({CREATED, UPDATED})
    after = ("holds",)

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Begins an account's counters, or changes its floor."""
        balances = shadows["ledger_balance"]
        if told.type == CREATED:
            data = told.data
            facts = {"book_id": told.book, "normal_side": data["normal_side"], "floor": data["floor"]}
            balances.put(told.subject, **facts, **dict.fromkeys(_COUNTERS, 0))
        elif "floor" in told.changes:
            balances.change(told.subject, by=told.type, floor=told.after["floor"])

    def build(self, shadows: Shadows, span: Span) -> None:
        """One pass over the transfers, grouped by account."""
        shadows["ledger_balance"].cursor.execute(_BUILD.format(scope=span.of_event("t.event_id")))
