"""Books, assets, accounts and transfers for tests, made through the services as everybody else makes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from ledger import services
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.results import TransferResult
from ledger.domain.state import Counters
from ledger.models import Account, Asset, Balance, Book, Transfer
from qenex.kernel.ids import uuid7
from qenex.kernel.money import from_decimal, to_decimal

DIGIT = Decimal("0.000000000000000001")
"""The smallest amount there is."""
Amount = Decimal | int
POSTING = (Kind.POSTED, Kind.HOLD_POST, Kind.HOLD_PART, Kind.REVERSAL)


def units(amount: int | str | Decimal) -> int:
    """An amount in units of 10^-18."""
    return from_decimal(Decimal(amount))


def make_book() -> Book:
    """A book that nobody else uses."""
    return services.book_create(code=f"b-{uuid4().hex}", name="A book of one test")


def make_asset(places: int = 2) -> Asset:
    """An asset that nobody else uses."""
    return services.asset_create(code=f"X{uuid4().hex[:20]}", places=places)


def make_account(book: Book, asset: Asset, type: str = "liability", **spec: Any) -> Account:
    """An account with a code of its own, without a floor unless one is given."""
    return services.account_create(book=book, asset=asset, type=type, **{"code": f"a-{uuid4().hex}", **spec})


@dataclass(frozen=True)
class Shop:
    """A book with one asset, an account that money comes from, and customers who cannot be overdrawn."""

    book: Book
    asset: Asset
    cash: Account
    customers: Sequence[Account]

    @property
    def pair(self) -> tuple[Account, Account]:
        """The first two customers."""
        return self.customers[0], self.customers[1]

    def fund(self, customer: Account, amount: int | str | Decimal) -> TransferResult:
        """Pays an amount in for a customer."""
        return one(self.book, give(self.cash, customer, amount))


def make_shop(customers: int = 2, *, places: int = 2, floor: str | None = "0", funds: str | None = None) -> Shop:
    """A shop whose customers have the floor, and the funds to begin with."""
    book, asset = make_book(), make_asset(places)
    cash = make_account(book, asset, "asset", code="cash")
    limit = None if floor is None else Decimal(floor)
    specs = [
        services.accounts.AccountSpec(f"customer-{number}", asset, "liability", floor=limit)
        for number in range(customers)
    ]
    shop = Shop(book, asset, cash, services.accounts_create(book=book, specs=specs))
    if funds is not None:
        assert all(result.ok for result in post(book, *[give(cash, each, funds) for each in shop.customers]))
    return shop


def give(debit: Account, credit: Account, amount: int | str | Decimal, **fields: Any) -> TransferDraft:
    """A transfer that debits one account and credits the other, of an amount in whole assets."""
    return TransferDraft(
        **{"id": uuid7(), **fields}, debit_account=debit.pk, credit_account=credit.pk, amount=units(amount)
    )


def hold(debit: Account, credit: Account, amount: int | str | Decimal, **fields: Any) -> TransferDraft:
    """A transfer that waits."""
    return give(debit, credit, amount, kind=Kind.HOLD, **fields)


def on(origin: UUID, kind: Kind, amount: int | str | Decimal = 0, **fields: Any) -> TransferDraft:
    """A transfer that acts on an earlier one."""
    return TransferDraft(
        **{"id": uuid7(), **fields},
        debit_account=None,
        credit_account=None,
        amount=units(amount),
        kind=kind,
        origin=origin,
    )


def post(book: Book, *drafts: TransferDraft, linked: bool = False) -> list[TransferResult]:
    """Posts a batch."""
    return services.transfers_post(book=book, transfers=drafts, linked=linked)


def one(book: Book, draft: TransferDraft) -> TransferResult:
    """Posts one transfer."""
    [result] = post(book, draft)
    return result


def outcomes(results: Sequence[TransferResult]) -> list[str]:
    """What became of each: its state, or the code of its refusal."""
    return [str(result.code or result.status) for result in results]


def counters(account: Account) -> Counters:
    """The four counters as the database has them, in units."""
    fields = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")
    row = Balance.objects.values_list(*fields).get(pk=account.pk)
    return Counters(*map(from_decimal, row))


def posted(account: Account) -> Amount:
    """The posted balance on the account's normal side, as the database has it."""
    now = counters(account)
    return to_decimal((now.debits - now.credits) * account.normal_side)


def available(account: Account) -> Amount:
    """The posted balance less what holds may yet take away, as the database has it."""
    now = counters(account)
    out = now.credits_pending if account.normal_side == 1 else now.debits_pending
    return to_decimal((now.debits - now.credits) * account.normal_side - out)


def transfer_count(book: Book) -> int:
    """How many transfers the book has."""
    return Transfer.objects.filter(book_id=book.pk).count()


def recount(book: Book) -> dict[UUID, tuple[Counters, Counters]]:
    """The accounts whose counters (first) are not what the book's transfers alone add up to (second)."""
    truth = replay(book)
    found = {each.pk: Counters(*map(from_decimal, _amounts(each))) for each in Balance.objects.filter(book_id=book.pk)}
    nothing = Counters(0, 0, 0, 0)
    pairs = {id: (found.get(id, nothing), truth.get(id, nothing)) for id in found.keys() | truth.keys()}
    return {id: pair for id, pair in pairs.items() if pair[0] != pair[1]}


def _amounts(balance: Balance) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return (balance.debits_posted, balance.credits_posted, balance.debits_pending, balance.credits_pending)


def replay(book: Book) -> dict[UUID, Counters]:
    """The counters of each account by one pass over the book's transfers, in Python's integers."""
    sums: dict[UUID, list[int]] = {}
    left: dict[UUID, int] = {}
    for row in Transfer.objects.filter(book_id=book.pk).order_by("posted_at"):
        amount, kind = from_decimal(row.amount), Kind(row.kind)
        debit, credit = (sums.setdefault(each, [0] * 4) for each in (row.debit_account_id, row.credit_account_id))
        if kind in POSTING:
            debit[0] += amount
            credit[1] += amount
        held = 0
        if kind is Kind.HOLD:
            held = left[row.pk] = amount
        elif row.origin_id in left:
            held = -amount if kind is Kind.HOLD_PART else -left[row.origin_id]
            left[row.origin_id] += held
        debit[2] += held
        credit[3] += held
        assert row.debit_balance == to_decimal(_posted(debit, row.debit_account_id))
        assert row.credit_balance == to_decimal(_posted(credit, row.credit_account_id))
    return {each: Counters(*counts) for each, counts in sums.items()}


def _posted(counts: list[int], account: UUID) -> int:
    return (counts[0] - counts[1]) * _side(account)


@cache
def _side(account: UUID) -> int:
    return Account.objects.values_list("normal_side", flat=True).get(pk=account)
