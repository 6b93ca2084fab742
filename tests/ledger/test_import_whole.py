"""Whole files of payments, if they are at hand: QENEX_SHARED_DATA names their directory."""

import csv
import gzip
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import Sum

from ledger import selectors
from ledger.models import Balance, Book, Transfer
from ledger.verification import verify_book
from qenex.kernel.money import parse, to_decimal

DATA = Path(os.environ.get("QENEX_SHARED_DATA") or settings.BASE_DIR.parent / "shared" / "data")
SMALL, LARGE = DATA / "payments_100k.csv.gz", DATA / "payments.parquet"


def csv_amounts() -> Iterator[str]:
    with gzip.open(SMALL, "rt", newline="") as lines:
        for line in csv.DictReader(lines):
            yield line["amount"]


def parquet_amounts() -> Iterator[str]:
    for batch in pq.ParquetFile(LARGE).iter_batches(columns=["amount"]):
        yield from map(str, batch.column(0).to_pylist())


def check(file: Path, amounts: Iterator[str], lines: int) -> None:
    """Imports the file into a book of its own and compares it with the file's own sum."""
    name, out = f"w{uuid4().hex}", StringIO()
    total = to_decimal(sum(parse(amount) for amount in amounts))
    call_command("ledger_import", str(file), "--book", name, stdout=out)
    assert f"Of these, {lines:,} posted, 0 known before, 0 refused" in out.getvalue()
    book = Book.objects.get(code=name)
    assert Transfer.objects.filter(book_id=book.pk).aggregate(total=Sum("amount"))["total"] == total
    sums = Balance.objects.filter(book_id=book.pk).aggregate(debits=Sum("debits_posted"), credits=Sum("credits_posted"))
    assert sums == {"debits": total, "credits": total}
    assert selectors.trial_balance(book).balanced
    assert verify_book(book).differences == []


@pytest.mark.skipif(not SMALL.exists(), reason="there is no payments_100k.csv.gz")
def test_a_hundred_thousand_lines_of_csv(database: None) -> None:
    check(SMALL, csv_amounts(), 100_000)


@pytest.mark.soak
@pytest.mark.skipif(not LARGE.exists(), reason="there is no payments.parquet")
def test_more_than_a_million_lines_of_parquet(database: None) -> None:
    check(LARGE, parquet_amounts(), 1_169_694)
