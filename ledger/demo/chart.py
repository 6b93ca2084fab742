"""The bank's chart of accounts."""

from collections.abc import Iterator
from decimal import Decimal

from ledger import services
from ledger.data import make_payments
from ledger.models import Account, Asset, Book
from ledger.services.accounts import AccountSpec

CURRENCIES = {"EUR": ("Euro", 2), "USD": ("US Dollar", 2), "JPY": ("Yen", 0)}
TOKEN = "QNX"  # noqa: S105  # an asset's code
_HOUSE = (
    ("cash", "assets:cash", "Cash", "asset", tuple(CURRENCIES)),
    ("nostro", "assets:banks:nostro", "Balance with correspondents", "asset", ("EUR", "USD")),
    ("capital", "equity:capital", "Paid-in capital", "equity", ("EUR",)),
    ("position", "equity:exchange:position", "Exchange position", "equity", ("EUR", "USD")),
    ("fees", "income:fees", "Fees", "income", tuple(CURRENCIES)),
    ("rent", "expenses:rent", "Rent", "expense", ("EUR",)),
    ("suspense", "liabilities:suspense", "Unallocated payments", "liability", ("EUR",)),
    ("treasury", "assets:tokens:treasury", "Token treasury", "asset", (TOKEN,)),
)


class Chart:
    """Accounts by their code."""

    def __init__(self, book: Book, assets: dict[str, Asset]) -> None:
        self.book, self.assets = book, assets
        made = services.accounts_create(book=book, specs=[*self._house(), *self._customers()])
        self._accounts = {account.code: account for account in made}

    def __getitem__(self, code: str) -> Account:
        return self._accounts[code]

    def customers(self, asset: str) -> list[Account]:
        """The customers' accounts in an asset, in order."""
        return [
            account
            for code, account in sorted(self._accounts.items())
            if code.startswith("customer-") and code.endswith(f"-{asset}")
        ]

    def _house(self) -> Iterator[AccountSpec]:
        for code, path, name, type_, assets in _HOUSE:
            for asset in assets:
                yield AccountSpec(f"{code}-{asset}", self.assets[asset], type_, path, name)

    def _customers(self) -> Iterator[AccountSpec]:
        """Customers cannot be overdrawn; the codes and paths are those that the importer would give them."""
        for number in range(1, make_payments.CUSTOMERS + 1):
            asset = make_payments.asset_of(number)
            for code in (asset, *([TOKEN] if number <= 3 else []), *(["USD"] if number == 1 else [])):
                yield _customer(make_payments.customer(number), self.assets[code])


def _customer(name: str, asset: Asset) -> AccountSpec:
    path, code = f"liabilities:customers:{name}", f"customer-{name}-{asset.code}"
    return AccountSpec(code, asset, "liability", path, f"Customer {name}", owner_ref=name, floor=Decimal(0))


def assets() -> dict[str, Asset]:
    """The demo's assets by code; those that the ledger has not are added."""
    found = {asset.code: asset for asset in Asset.objects.filter(code__in=[*CURRENCIES, TOKEN])}
    for code, (name, places) in CURRENCIES.items():
        if code not in found:
            found[code] = services.asset_create(code=code, name=name, places=places)
    if TOKEN not in found:
        found[TOKEN] = services.asset_create(code=TOKEN, name="QENEX token", kind="token", places=18)
    return found
