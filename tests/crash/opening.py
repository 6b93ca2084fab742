"""Makes the book that the clients post in, and prints what they need to know."""

import json
from decimal import Decimal

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # models need Django

from ledger import services  # noqa: E402  # see above
from ledger.services.accounts import AccountSpec  # noqa: E402  # see above
from tests.support.marked import marked  # noqa: E402  # see above
from tests.support.tokens import bearer  # noqa: E402  # see above

CUSTOMERS, FUNDS = 8, "100000"


def main() -> None:
    """Customers who cannot be overdrawn, each with the same funds, and a user with a token."""
    book = services.book_create(code="crash", name="Crash")
    euro = services.asset_create(code="EUR", places=2)
    specs = [AccountSpec(f"c{number}", euro, "liability", floor=Decimal(0)) for number in range(CUSTOMERS)]
    cash, *customers = services.accounts_create(book=book, specs=[AccountSpec("cash", euro, "asset"), *specs])
    funding = [{"debit_account": cash, "credit_account": customer, "amount": FUNDS} for customer in customers]
    assert all(result.ok for result in services.transfers_post(book=book, transfers=funding))  # a test's
    with marked():
        user = User.objects.create_superuser("crash")
    token = bearer(user)
    print(json.dumps({"book": str(book.pk), "accounts": [str(each.pk) for each in customers], "token": token}))


if __name__ == "__main__":
    main()
