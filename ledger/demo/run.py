"""What happens in the demo, step by step, all of it through services."""

import random
import time
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from ledger import services
from ledger.data.make_payments import PAYMENTS
from ledger.demo import people
from ledger.demo.chart import TOKEN, Chart, assets
from ledger.errors import Conflict
from ledger.importing import profile
from ledger.importing.report import Errors, Outcome
from ledger.importing.run import Import
from ledger.importing.sources import open_source
from ledger.models import Account, Asset, Book, Hold
from ledger.services.accounts import AccountSpec
from qenex.kernel import clock
from qenex.kernel.context import Context, acting, because, command
from qenex.kernel.ids import uuid7

BANK, SHOP = "riverbank", "corner-shop"
_OPENED = date(2026, 1, 1)
_AT_CORRESPONDENTS = {"EUR": 50_000, "USD": 20_000}
"""Less than what the customers bring in each currency."""
_FUNDS = {"EUR": 3_000, "USD": 3_000, "JPY": 400_000}
_HOLDS = (
    ("open", "120.00", 7 * 86_400),
    ("in parts", "80.00", None),
    ("posted", "45.50", None),
    ("voided", "60.00", None),
    ("expired", "25.00", 1),
)
_SYSTEM = command("demo")


def make(seed: int) -> Outcome:
    """Makes both books; the outcome is that of importing the sample. Raises Conflict where one of them is there."""
    if Book.objects.filter(code__in=[BANK, SHOP]).exists():
        raise Conflict(f"the books {BANK} and {SHOP} are there already")
    dice = random.Random(seed)  # noqa: S311  # a sample, not a secret
    with acting(_SYSTEM):
        known = assets()
        actors = people.make(known["EUR"])
        chart = Chart(services.book_create(code=BANK, name="Riverbank Savings"), known)
        _fund(chart, dice)
        _hold(chart, actors["clara"], actors["anton"])
        outcome = _import(chart.book)
        _charge_fees(chart, actors["anton"])
        _reverse(chart, actors["anton"])
        _exchange(chart, actors["tara"])
        _tokens(chart, dice)
        _restrict(chart)
        _shop(known["EUR"])
        _let_expire(chart.book)
    return outcome


def _give(debit: Account, credit: Account, amount: object, **more: Any) -> dict[str, Any]:
    return {"id": uuid7(), "debit_account": debit, "credit_account": credit, "amount": Decimal(str(amount)), **more}


def _fund(chart: Chart, dice: random.Random) -> None:
    """The owners pay in the capital, and customers bring their money."""
    capital = _give(chart["cash-EUR"], chart["capital-EUR"], 500_000, value_date=_OPENED)
    at_banks = [
        _give(chart[f"nostro-{code}"], chart[f"cash-{code}"], amount, value_date=_OPENED)
        for code, amount in _AT_CORRESPONDENTS.items()
    ]
    services.journal_post(book=chart.book, transfers=[capital], reference="OPEN-1", description="Capital paid in")
    for code, least in _FUNDS.items():
        brought = [
            _give(
                chart[f"cash-{code}"], customer, least + dice.randrange(least), value_date=_OPENED, reference="cash in"
            )
            for customer in chart.customers(code)
        ]
        services.transfers_post(book=chart.book, transfers=brought)
    services.journal_post(book=chart.book, transfers=at_banks, reference="OPEN-2", description="To correspondents")


def _import(book: Book) -> Outcome:
    source = open_source(PAYMENTS)
    try:
        run = Import(source, profile.load("payments"), book, Errors(settings.VAR / "demo.errors.csv"))
        return run.run(lambda outcome: None)
    finally:
        source.close()


def _charge_fees(chart: Chart, by: Context) -> None:
    """The month's account fee, one journal."""
    fees = [_give(customer, chart["fees-EUR"], "1.50", code=20) for customer in chart.customers("EUR")]
    with acting(by):
        services.journal_post(
            book=chart.book, transfers=fees, reference="FEES-2026-01", description="Account fees of January"
        )


def _hold(chart: Chart, teller: Context, operations: Context) -> None:
    """Holds in every state, among them one that the tellers' limit made of a transfer."""
    first, second, third = chart.customers("EUR")[:3]
    ids = {}
    with acting(teller):
        for name, amount, timeout in _HOLDS:
            held = _give(first, second, amount, kind="hold", timeout=timeout, reference=f"card payment, {name}")
            services.transfers_post(book=chart.book, transfers=[held])
            ids[name] = held["id"]
        large = _give(chart["cash-EUR"], third, "12500.00", reference="cash in above the tellers' limit")
        services.transfers_post(book=chart.book, transfers=[large])
    with acting(operations):
        services.hold_post(hold=ids["in parts"], amount=Decimal("30.00"), final=False, reference="first delivery")
        services.hold_post(hold=ids["posted"], amount=Decimal("40.25"), reference="final amount")
        services.hold_void(hold=ids["voided"], reference="order cancelled")


def _let_expire(book: Book) -> None:
    """Waits, a second at most, for the time of the shortest hold to be over."""
    due = Hold.objects.filter(book_id=book.pk, status="open", expires_at__isnull=False).order_by("expires_at").first()
    assert due is not None
    assert due.expires_at is not None
    time.sleep(max((due.expires_at - clock.now()).total_seconds(), 0))
    services.holds_expire()


def _reverse(chart: Chart, by: Context) -> None:
    """The rent, booked with two digits changed over, and set right."""
    with acting(by):
        wrong, _ = services.journal_post(
            book=chart.book,
            transfers=[_give(chart["rent-EUR"], chart["nostro-EUR"], "2910.00", reference="Rent January")],
            reference="RENT-2026-01",
            description="Rent of January",
        )
        services.journal_reverse(journal=wrong, reason="two digits changed over: the rent is 2190.00")
        right = _give(chart["rent-EUR"], chart["nostro-EUR"], "2190.00", reference="Rent January")
        services.journal_post(
            book=chart.book, transfers=[right], reference="RENT-2026-01", description="Rent of January, as it should be"
        )


def _exchange(chart: Chart, by: Context) -> None:
    """A customer changes euros into dollars; the house now has a position in both."""
    with acting(by):
        services.exchange_post(
            sold_from=chart["customer-C0001-EUR"],
            sold_position=chart["position-EUR"],
            bought_position=chart["position-USD"],
            bought_to=chart["customer-C0001-USD"],
            sold=Decimal("250.00"),
            bought=Decimal("271.25"),
            reference="FX-1",
        )


def _tokens(chart: Chart, dice: random.Random) -> None:
    """Tokens with all of their 18 places: issued to three customers, one of whom passes some on."""
    customers = chart.customers(TOKEN)
    issued = [
        _give(chart[f"treasury-{TOKEN}"], customer, f"{dice.randrange(100, 900)}.{dice.randrange(10**18):018d}")
        for customer in customers
    ]
    services.transfers_post(book=chart.book, transfers=issued)
    passed_on = _give(customers[0], customers[1], "12.345678901234567890", metadata={"purpose": "gift"})
    services.transfers_post(book=chart.book, transfers=[passed_on])


def _restrict(chart: Chart) -> None:
    """One customer is frozen, another may not move more than 1,000 at once."""
    fourth, fifth = chart.customers("EUR")[3:5]
    with because("the address could not be confirmed"):
        services.account_update(account=fourth, status="frozen")
    services.limit_create(account=fifth, maximum=Decimal(1_000))


def _shop(euro: Asset) -> None:
    """A second book, as a small trader keeps it."""
    book = services.book_create(code=SHOP, name="Corner Shop")
    cash, stock, owner, sales, goods = services.accounts_create(
        book=book,
        specs=[
            AccountSpec("cash", euro, "asset", "assets:cash", "Cash", floor=Decimal(0)),
            AccountSpec("stock", euro, "asset", "assets:stock", "Stock"),
            AccountSpec("owner", euro, "equity", "equity:owner", "Owner's equity"),
            AccountSpec("sales", euro, "income", "income:sales", "Sales"),
            AccountSpec("goods", euro, "expense", "expenses:goods", "Cost of goods sold"),
        ],
    )
    start = [_give(cash, owner, 5_000), _give(stock, cash, "1800.00")]
    services.journal_post(book=book, transfers=start, reference="START", description="The owner begins, and buys stock")
    sale = [_give(cash, sales, "412.40"), _give(goods, stock, "250.10")]
    services.journal_post(book=book, transfers=sale, reference="Z-001", description="First day's sales")
