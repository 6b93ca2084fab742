"""The chart of accounts as a tree, with what each branch holds."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from ledger.choices import Side
from ledger.models import Book
from ledger.selectors.queries import WRITER, book_key, rows
from qenex.kernel.money import from_decimal, to_decimal

_ACCOUNTS = """
SELECT a.path, a.id, a.code, a.name, a.type, a.status, a.normal_side, s.code, b.debits_posted - b.credits_posted
FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id JOIN ledger_asset s ON s.id = a.asset_id
WHERE a.book_id = %(book)s AND (%(under)s = '' OR a.path = %(under)s OR starts_with(a.path, %(under)s || ':'))
ORDER BY a.path, s.code
"""


@dataclass(frozen=True, slots=True)
class TreeAccount:
    """An account at its place in the tree."""

    id: UUID
    code: str
    name: str
    type: str
    status: str
    normal_side: Side
    asset: str
    """The asset's code."""
    balance: Decimal
    """What was posted, on the account's normal side."""


@dataclass(frozen=True, slots=True)
class Subtotal:
    """What all accounts of a branch hold of one asset, on the branch's side."""

    asset: str
    balance: Decimal


@dataclass(slots=True)
class AccountNode:
    """A segment of the paths: the accounts just here, and the branches below."""

    path: str
    accounts: list[TreeAccount] = field(default_factory=list)
    children: list["AccountNode"] = field(default_factory=list)
    side: Side = Side.DEBIT
    """The normal side that all accounts of the branch share; debit where they do not."""
    subtotals: list[Subtotal] = field(default_factory=list)
    count: int = 0
    """How many accounts the branch has."""

    @property
    def segment(self) -> str:
        """The last segment of the path."""
        return self.path.rpartition(":")[2]


class _Sums:
    """What a branch adds up to, in units of debits less credits."""

    def __init__(self) -> None:
        self.net: dict[str, int] = {}
        self.sides: set[Side] = set()
        self.count = 0

    def add(self, side: Side, asset: str, net: int) -> None:
        self.net[asset] = self.net.get(asset, 0) + net
        self.sides.add(side)
        self.count += 1


def account_tree(
    book: Book | UUID, *, under: str = "", depth: int | None = None, using: str = WRITER
) -> list[AccountNode]:
    """The top branches of a book's chart, each with its accounts, branches and subtotals by asset. One query.

    `under` starts at a branch instead, and `depth` lists no branch further down than so many levels from there: what
    lies deeper is in the subtotals only.
    """
    start = under.count(":") + 1 if under else 0
    builder = _Builder(None if depth is None else start + depth)
    for path, *account in rows(using, _ACCOUNTS, {"book": book_key(book), "under": under}):
        builder.add(path, *account)
    builder.finish()
    if not under:
        return builder.top
    return [node for path, node in builder.nodes.items() if path == under]


class _Builder:
    """Puts accounts, in the order of their paths, into their branches."""

    def __init__(self, deepest: int | None) -> None:
        self.deepest = deepest
        self.top: list[AccountNode] = []
        self.nodes: dict[str, AccountNode] = {}
        self.sums: dict[str, _Sums] = {}

    def add(
        self, path: str, id: UUID, code: str, name: str, type: str, status: str, side: int, asset: str, net: Decimal
    ) -> None:
        """Lists an account, unless it lies too deep, and adds it to every branch above it."""
        units, segments, normal = from_decimal(net), path.split(":"), Side(side)
        for level in range(1, len(segments) + 1):
            if self.deepest is not None and level > self.deepest:
                return
            branch = ":".join(segments[:level])
            self._node(branch)
            self.sums[branch].add(normal, asset, units)
        account = TreeAccount(id, code, name, type, status, normal, asset, to_decimal(units * side))
        self.nodes[path].accounts.append(account)

    def _node(self, path: str) -> None:
        if path in self.nodes:
            return
        node = self.nodes[path] = AccountNode(path)
        self.sums[path] = _Sums()
        above = path.rpartition(":")[0]
        (self.nodes[above].children if above else self.top).append(node)

    def finish(self) -> None:
        """Writes the sums into the branches."""
        for path, node in self.nodes.items():
            sums = self.sums[path]
            node.count = sums.count
            node.side = next(iter(sums.sides)) if len(sums.sides) == 1 else Side.DEBIT
            node.subtotals = _subtotals(node.side, sums.net.items())


def _subtotals(side: Side, net: Iterable[tuple[str, int]]) -> list[Subtotal]:
    return [Subtotal(asset, to_decimal(units * side)) for asset, units in sorted(net)]
