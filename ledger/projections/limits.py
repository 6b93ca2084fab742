"""The limits of roles and accounts."""

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import Told

_NAMES = {
    "role_id": "role_id",
    "account_id": "account",
    "asset_id": "asset",
    "maximum": "maximum",
    "verdict": "verdict",
}
"""Column → the word of the events."""


class Limits(Projection):
    """Made and taken away; never changed."""

    name = "limits"
    tables = (Table("ledger_rolelimit", ("id",), tuple(_NAMES)),)
    events = frozenset({"ledger.limit.created", "ledger.limit.deleted"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Sets a limit, or removes one."""
        limits = shadows["ledger_rolelimit"]
        if told.type == "ledger.limit.created":
            limits.put(told.subject, **{column: told.data[word] for column, word in _NAMES.items()})
        else:
            limits.remove(told.subject)
