"""Accounts, but for what they hold."""

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import Told

CREATED, UPDATED = "ledger.account.created", "ledger.account.updated"
_COLUMNS = (
    *("book_id", "code", "path", "name", "type", "normal_side", "asset_id", "owner_ref", "status", "metadata"),
    *("version", "created_at"),
)


class Accounts(Projection):
    """From the events of their opening and of every change."""

    name = "accounts"
    tables = (Table("ledger_account", ("id",), _COLUMNS),)
    events = frozenset({CREATED, UPDATED})
    after = ("assets",)

    def __init__(self) -> None:
        self._assets: dict[str, str | None] = {}
        """Code → id. Neither ever changes."""

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Opens an account, or changes one."""
        accounts = shadows["ledger_account"]
        if told.type == CREATED:
            facts = {name: told.data[name] for name in told.data.keys() & set(_COLUMNS)}
            asset = self._asset(told.data["asset"], shadows)
            accounts.put(told.subject, status="open", version=1, **facts, book_id=told.book, asset_id=asset)
            return
        changed = {name: value for name, value in told.after.items() if name in _COLUMNS}
        row = accounts.change(told.subject, by=told.type, **changed)
        if row is not None:
            row["version"] += 1

    def _asset(self, code: str, shadows: Shadows) -> str | None:
        if code not in self._assets:
            found = shadows["ledger_asset"].find(code=code)
            self._assets[code] = found[0][0] if found else None
        return self._assets[code]
