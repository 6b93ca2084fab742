"""Taking a journal of debit and credit lines apart into transfers of two legs each."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID


class Line(NamedTuple):
    """One line of a journal as accountants write it."""

    account: UUID
    asset: UUID
    side: int
    """1 debits the account, -1 credits it."""
    amount: int
    """Units, positive."""


class Part(NamedTuple):
    """A transfer between the accounts of two lines, named by their positions."""

    debit: int
    credit: int
    amount: int


class Unbalanced(ValueError):
    """An asset's debits and credits differ."""

    def __init__(self, asset: UUID, debits: int, credits: int) -> None:
        super().__init__(f"debits and credits of {asset} differ by {abs(debits - credits)} units")
        self.asset, self.debits, self.credits = asset, debits, credits


class SelfTransfer(ValueError):
    """An account stands on both sides for so much that some of it could only meet itself."""

    def __init__(self, account: UUID, excess: int) -> None:
        super().__init__(f"{account} is debited and credited {excess} units more than the other accounts can meet")
        self.account, self.excess = account, excess


def decompose(lines: Sequence[Line]) -> list[Part]:
    """The transfers that debit and credit each account by just what its lines say, asset by asset.

    The same lines always give the same transfers, first lines first. No transfer has the same account on both sides,
    and there are no more transfers than lines and accounts together.
    Raises Unbalanced, and SelfTransfer where an account could only be paired with itself.
    """
    assets = dict.fromkeys(line.asset for line in lines)
    return [part for asset in assets for part in _Pairing(asset, lines).parts()]


class _Pairing:
    """The lines of one asset with what is still unpaired of each.

    An account's slack is what all others could yet meet beyond what it needs them for. It must never become negative,
    or the account would be left alone with itself; while it is zero, every pair must include the account.
    """

    def __init__(self, asset: UUID, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.left = {place: line.amount for place, line in enumerate(lines) if line.asset == asset}
        self.debits = [place for place in self.left if lines[place].side == 1]
        self.credits = [place for place in self.left if lines[place].side == -1]
        self.total = sum(self.left[place] for place in self.debits)
        credited = sum(self.left[place] for place in self.credits)
        if self.total != credited:
            raise Unbalanced(asset, self.total, credited)
        self.slack: dict[UUID, int] = {}
        for place, amount in self.left.items():
            account = lines[place].account
            self.slack[account] = self.slack.get(account, self.total) - amount
        for account, slack in self.slack.items():
            if slack < 0:
                raise SelfTransfer(account, -slack)

    def parts(self) -> list[Part]:
        """Pairs until nothing is left."""
        parts = []
        while self.debits:
            parts.append(self._pair())
        return parts

    def _pair(self) -> Part:
        debit, credit = self._choice()
        pair = {self.lines[debit].account, self.lines[credit].account}
        others = [slack for account, slack in self.slack.items() if account not in pair]
        amount = min(self.left[debit], self.left[credit], *others)
        for account in self.slack.keys() - pair:
            self.slack[account] -= amount
        self._take(self.debits, debit, amount)
        self._take(self.credits, credit, amount)
        return Part(debit, credit, amount)

    def _choice(self) -> tuple[int, int]:
        """The first debit line that has a partner, and its first partner."""
        tight = {account for account, slack in self.slack.items() if slack == 0}
        for debit in self.debits:
            payee = self.lines[debit].account
            for credit in self.credits:
                payer = self.lines[credit].account
                if payer != payee and tight <= {payer, payee}:
                    return debit, credit
        raise AssertionError("unreachable: no slack is negative, so there is a pair")

    def _take(self, side: list[int], place: int, amount: int) -> None:
        self.left[place] -= amount
        if not self.left[place]:
            side.remove(place)
