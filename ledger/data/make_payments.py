"""Makes `payments.csv.gz`, the demo's sample: `python -m ledger.data.make_payments [SEED]`. Same seed, same bytes."""

import csv
import gzip
import io
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

PAYMENTS = Path(__file__).with_name("payments.csv.gz")
SEED, LINES, CUSTOMERS = 7, 3_000, 60
HEADER = ("id", "occurred_at", "account", "counterparty", "amount", "asset")
_TRADES = ("bakery", "bookshop", "cafe", "chemist", "cinema", "grocer", "hotel", "railway", "tailor", "utility")
_TOWNS = ("harbour", "hill", "mill", "north")
_TYPICAL = {"EUR": 24.0, "USD": 27.0, "JPY": 4_000.0}
_START = datetime(2026, 1, 1, 6, tzinfo=UTC)


def customer(number: int) -> str:
    """The name of a customer in the file."""
    return f"C{number:04d}"


def merchants() -> list[str]:
    """The names of all merchants."""
    return [f"{trade}-{town}" for trade in _TRADES for town in _TOWNS]


def asset_of(number: int) -> str:
    """The currency in which a customer pays."""
    return "USD" if number % 10 == 3 else "JPY" if number % 20 == 9 else "EUR"


def lines(seed: int = SEED) -> Iterator[tuple[str, ...]]:
    """The payments in the order of their time: customers pay at a few merchants of their own, small amounts mostly."""
    dice = random.Random(seed)  # noqa: S311  # a sample, not a secret
    habits = {number: dice.sample(merchants(), 6) for number in range(1, CUSTOMERS + 1)}
    moment = _START
    for number in range(1, LINES + 1):
        moment += timedelta(seconds=dice.expovariate(1 / 2_400))
        payer = dice.randint(1, CUSTOMERS)
        asset = asset_of(payer)
        amount = _TYPICAL[asset] * dice.lognormvariate(0, 0.8)
        text = f"{amount:.0f}" if asset == "JPY" else f"{amount:.2f}"
        stamp = moment.isoformat(timespec="seconds")
        yield (f"p{number:05d}", stamp, customer(payer), dice.choice(habits[payer]), text, asset)


def content(seed: int = SEED) -> bytes:
    """The uncompressed file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(lines(seed))
    return text.getvalue().encode()


if __name__ == "__main__":
    PAYMENTS.write_bytes(gzip.compress(content(int(sys.argv[1]) if sys.argv[1:] else SEED), mtime=0))
