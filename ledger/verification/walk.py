"""The pass over a book's transfers, in plain integers: every balance from nothing, and every hold."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.domain.drafts import Kind
from ledger.verification.report import BookReport
from qenex.kernel.money import format_units

_HOLD = int(Kind.HOLD)
_POSTING = frozenset(map(int, (Kind.POSTED, Kind.HOLD_POST, Kind.HOLD_PART, Kind.REVERSAL)))
_RESOLVING = {
    int(Kind.HOLD_PART): "open",
    int(Kind.HOLD_POST): "posted",
    int(Kind.HOLD_VOID): "voided",
    int(Kind.HOLD_EXPIRE): "expired",
}


class Tally:
    """An account's counters as they add up, in units."""

    __slots__ = ("asset", "credits", "credits_pending", "debits", "debits_pending", "normal", "quantum", "shift")

    def __init__(self, asset: bytes, normal: int, quantum: int) -> None:
        self.asset, self.normal, self.quantum = asset, normal, quantum
        self.debits = self.credits = self.debits_pending = self.credits_pending = 0
        self.shift = 0
        """By how much the last stored running balance was off: what is off by the same again is not told again."""


class HoldTally:
    """A hold as its transfers tell of it."""

    __slots__ = ("amount", "asset", "created_us", "credit", "debit", "posted", "resolved_us", "status")

    def __init__(self, debit: bytes, credit: bytes, asset: bytes, amount: int, created_us: int) -> None:
        self.debit, self.credit, self.asset, self.amount, self.created_us = debit, credit, asset, amount, created_us
        self.posted = 0
        self.status = "open"
        self.resolved_us: int | None = None


class Walk:
    """The state of the pass."""

    def __init__(self, accounts: dict[bytes, Tally], report: BookReport) -> None:
        self.accounts, self.report = accounts, report
        self.holds: dict[bytes, HoldTally] = {}
        self.last_us: int | None = None

    def page(self, columns: Sequence[Sequence[Any]], amounts: Sequence[Sequence[int]], moments: Sequence[int]) -> None:
        """Takes a page of transfers, given as columns; `amounts` are in units, `moments` in microseconds since 1970."""
        ids, debits, credits_, assets = columns[:4]
        self._order(ids, moments)
        kinds, origins = columns[9], columns[13]
        rows = zip(ids, debits, credits_, assets, *amounts, moments, kinds, origins, strict=True)
        for row in rows:
            self._transfer(*row)
        self.report.transfers += len(ids)

    def _order(self, ids: Sequence[bytes], moments: Sequence[int]) -> None:
        last = self.last_us
        for id, moment in zip(ids, moments, strict=True):
            if last is not None and moment <= last:
                self.report.differ("transfer", id, "posted_at", moment, f"later than the transfer before, {last}")
            last = moment
        self.last_us = last

    def _transfer(
        self,
        id: bytes,
        debit_id: bytes,
        credit_id: bytes,
        asset: bytes,
        amount: int,
        debit_balance: int,
        credit_balance: int,
        moment: int,
        kind: int,
        origin: bytes | None,
    ) -> None:
        debit, credit = self._account(id, debit_id, asset), self._account(id, credit_id, asset)
        if amount <= 0 or amount % debit.quantum:
            self.report.differ("transfer", id, "amount", format_units(amount, 0), "a positive amount of its asset")
        if kind in _POSTING:
            debit.debits += amount
            credit.credits += amount
        if kind == _HOLD:
            debit.debits_pending += amount
            credit.credits_pending += amount
            self.holds[id] = HoldTally(debit_id, credit_id, asset, amount, moment)
        elif kind in _RESOLVING:
            self._resolve(id, kind, origin, (debit_id, credit_id), amount, moment)
        elif kind not in _POSTING:
            self.report.differ("transfer", id, "kind", kind, "one that there is")
        self._running(id, "debit_balance", debit, debit_balance)
        self._running(id, "credit_balance", credit, credit_balance)

    def _account(self, transfer: bytes, account: bytes, asset: bytes) -> Tally:
        tally = self.accounts.get(account)
        if tally is None:
            self.report.differ("transfer", transfer, "account", account, "an account of the book")
            tally = self.accounts[account] = Tally(asset, 1, 1)
        if tally.asset != asset:
            self.report.differ("transfer", transfer, "asset", asset, tally.asset)
        return tally

    def _running(self, transfer: bytes, what: str, account: Tally, stored: int) -> None:
        shift = stored - (account.debits - account.credits) * account.normal
        if shift and shift != account.shift:
            self.report.amount("transfer", transfer, what, stored, stored - shift)
        account.shift = shift

    def _resolve(
        self, id: bytes, kind: int, origin: bytes | None, accounts: tuple[bytes, bytes], amount: int, moment: int
    ) -> None:
        hold = self.holds.get(origin) if origin else None
        if hold is None or hold.status != "open" or (hold.debit, hold.credit) != accounts:
            self.report.differ("transfer", id, "origin", origin, "an open hold of the same accounts")
            return
        left = hold.amount - hold.posted
        if amount > left or (kind in (Kind.HOLD_VOID, Kind.HOLD_EXPIRE) and amount != left):
            self.report.amount("transfer", id, "amount", amount, left)
        released = amount if kind == Kind.HOLD_PART else left
        self.accounts[hold.debit].debits_pending -= released
        self.accounts[hold.credit].credits_pending -= released
        if kind in _POSTING:
            hold.posted += amount
        hold.status = _RESOLVING[kind]
        if hold.status != "open":
            hold.resolved_us = moment


def counters(tally: Tally | None) -> Mapping[str, int]:
    """The four counters by the names of their columns."""
    if tally is None:
        return {"debits_posted": 0, "credits_posted": 0, "debits_pending": 0, "credits_pending": 0}
    return {
        "debits_posted": tally.debits,
        "credits_posted": tally.credits,
        "debits_pending": tally.debits_pending,
        "credits_pending": tally.credits_pending,
    }
