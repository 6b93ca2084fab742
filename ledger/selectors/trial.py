"""The trial balance: every account's balance in the debit or the credit column, and the columns' sums."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from ledger.errors import Invalid
from ledger.models import Asset, Book
from ledger.selectors.balances import LATERAL, ZERO
from ledger.selectors.queries import WRITER, book_key, rows
from qenex.kernel.money import from_decimal, to_decimal

_ACCOUNTS = """
SELECT a.id, a.code, a.path, a.name, a.type, s.code, {net}
FROM ledger_account a JOIN ledger_asset s ON s.id = a.asset_id {joins}
WHERE a.book_id = %(book)s AND (%(asset)s::uuid IS NULL OR a.asset_id = %(asset)s)
ORDER BY s.code, a.path, a.id
"""
_BALANCE = "JOIN ledger_balance b ON b.account_id = a.id"
_LATER = """
LEFT JOIN (
    SELECT account_id, sum(net) AS net FROM (
        SELECT debit_account_id AS account_id, amount AS net FROM ledger_transfer
        WHERE book_id = %(book)s AND value_date > %(value_date)s AND kind IN (1, 3, 6, 7)
        UNION ALL
        SELECT credit_account_id, -amount FROM ledger_transfer
        WHERE book_id = %(book)s AND value_date > %(value_date)s AND kind IN (1, 3, 6, 7)
    ) legs GROUP BY account_id
) later ON later.account_id = a.id
"""
_NOW = _ACCOUNTS.format(net="b.debits_posted - b.credits_posted", joins=_BALANCE)
_AT = _ACCOUNTS.format(net="coalesce(latest.balance, 0) * a.normal_side", joins=LATERAL)
_BY_VALUE = _ACCOUNTS.format(
    net="b.debits_posted - b.credits_posted - coalesce(later.net, 0)", joins=f"{_BALANCE} {_LATER}"
)


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account with its balance in one of the two columns."""

    account_id: UUID
    code: str
    path: str
    name: str
    type: str
    asset: str
    """The asset's code."""
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True)
class TrialBalanceTotal:
    """The sums of an asset's two columns."""

    asset: str
    debit: Decimal
    credit: Decimal

    @property
    def balanced(self) -> bool:
        """Whether the columns are equal, as they must be."""
        return self.debit == self.credit


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The rows by asset and path, and the totals by asset."""

    rows: list[TrialBalanceRow]
    totals: list[TrialBalanceTotal]

    @property
    def balanced(self) -> bool:
        """Whether the columns of every asset are equal, as they must be."""
        return all(total.balanced for total in self.totals)


def trial_balance(
    book: Book | UUID,
    *,
    asset: Asset | UUID | None = None,
    at: datetime | None = None,
    value_date: date | None = None,
    zeros: bool = False,
    using: str = WRITER,
) -> TrialBalance:
    """The trial balance of a book now, as posted until `at`, or as it counts at the end of the day `value_date`.

    `asset` leaves out the others; `zeros` brings the accounts that hold nothing. One query, one snapshot. The present
    one reads a row an account; a past one costs two index look-ups an account. By value date it is the present less
    what counts later: no index serves value dates, so it reads all transfers of the book.
    Raises Invalid where both a moment and a day are given.
    """
    if at is not None and value_date is not None:
        raise Invalid("value_date", "give a posting time or a value date, not both")
    query = _BY_VALUE if value_date else _AT if at else _NOW
    asset_id = asset.pk if isinstance(asset, Asset) else asset
    parameters = {"book": book_key(book), "asset": asset_id, "at": at, "value_date": value_date}
    listed = [_row(*found) for found in rows(using, query, parameters)]
    return TrialBalance([row for row in listed if zeros or row.debit or row.credit], _totals(listed))


def _row(account_id: UUID, code: str, path: str, name: str, type: str, asset: str, net: Decimal) -> TrialBalanceRow:
    debit, credit = (net, ZERO) if net >= 0 else (ZERO, net.copy_negate())
    return TrialBalanceRow(account_id, code, path, name, type, asset, debit, credit)


def _totals(listed: Iterable[TrialBalanceRow]) -> list[TrialBalanceTotal]:
    """The sums in units: Decimal's own sum would round them to 28 digits."""
    sums: dict[str, tuple[int, int]] = {}
    for row in listed:
        debit, credit = sums.get(row.asset, (0, 0))
        sums[row.asset] = (debit + from_decimal(row.debit), credit + from_decimal(row.credit))
    return [TrialBalanceTotal(asset, to_decimal(debit), to_decimal(credit)) for asset, (debit, credit) in sums.items()]
