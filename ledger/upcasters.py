"""What earlier versions of the ledger's events did not tell."""

from qenex.kernel.upcasting import UNKNOWN, Changes, Data, grown, upcaster

grown("ledger.book.created", 1, "created_at")
grown("ledger.asset.created", 1, "created_at")
grown("ledger.account.created", 1, "created_at")


def _with_role(data: Data, changes: Changes) -> tuple[Data, Changes]:
    """The id of a limit's role beside its name, which may have changed since."""
    return {**data, "role_id": None if data["role"] is None else UNKNOWN}, changes


upcaster("ledger.limit.created", 1)(_with_role)
upcaster("ledger.limit.deleted", 1)(_with_role)
