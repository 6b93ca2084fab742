"""The part of a book that a batch touches, as plain integers: what rules read and change."""

from typing import NamedTuple

from qenex.kernel.money import SCALE, quantum

PLACES = {quantum(places): places for places in range(SCALE + 1)}
"""The decimal places of an asset by its smallest amount in units."""


class Counters(NamedTuple):
    """An account's four counters, in units."""

    debits: int
    credits: int
    debits_pending: int
    credits_pending: int


Plain = tuple[int, int, int, int]
"""Counters without their names."""


class AccountState:
    """An account as the posting rules see it. Amounts are units of 10^-18."""

    __slots__ = (
        "asset",
        "credits",
        "credits_pending",
        "debits",
        "debits_pending",
        "floor",
        "id",
        "key",
        "normal",
        "quantum",
        "status",
    )

    def __init__(
        self, id: bytes, asset: bytes, quantum: int, normal: int, floor: int | None, status: str, counters: Counters
    ) -> None:
        self.id = id
        self.key = int.from_bytes(id, "big")
        """The id as an integer, which is what dictionaries hash fastest."""
        self.asset = asset
        self.quantum = quantum
        """The smallest amount of the asset, in units."""
        self.normal = normal
        """1 where the balance grows by debits, -1 where it grows by credits."""
        self.floor = floor
        self.status = status
        self.restore(counters)

    def counters(self) -> Plain:
        """The four counters as they are now, in their order: a named tuple takes several times as long to make."""
        return self.debits, self.credits, self.debits_pending, self.credits_pending

    def restore(self, counters: Plain) -> None:
        """Sets the four counters."""
        self.debits, self.credits, self.debits_pending, self.credits_pending = counters

    @property
    def posted(self) -> int:
        """The posted balance on the normal side."""
        return (self.debits - self.credits) * self.normal

    @property
    def available(self) -> int:
        """The posted balance less what holds may yet take away."""
        return self.posted - (self.credits_pending if self.normal == 1 else self.debits_pending)


class HoldState:
    """A hold as the posting rules see it."""

    __slots__ = ("amount", "credit", "debit", "expires_at_us", "id", "key", "posted", "status")

    def __init__(
        self, id: bytes, debit: int, credit: int, amount: int, posted: int, status: str, expires_at_us: int | None
    ) -> None:
        self.id = id
        self.key = int.from_bytes(id, "big")
        self.debit, self.credit = debit, credit
        """The accounts' ids as integers."""
        self.amount, self.posted = amount, posted
        self.status = status
        self.expires_at_us = expires_at_us

    @property
    def remaining(self) -> int:
        """What may still be posted, in units."""
        return self.amount - self.posted if self.status == "open" else 0


class OriginState:
    """A posted transfer that is to be reversed, and how much of it was reversed before."""

    __slots__ = ("amount", "credit", "debit", "reversed")

    def __init__(self, debit: int, credit: int, amount: int, reversed: int) -> None:
        self.debit, self.credit, self.amount, self.reversed = debit, credit, amount, reversed
