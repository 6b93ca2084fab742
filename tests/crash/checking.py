"""Compares what was acknowledged with what is there, and what is there with itself; prints what is wrong, as JSON."""

import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import django

django.setup()

from ledger.models import Book, Transfer  # noqa: E402  # models need Django
from qenex.kernel.money import from_decimal  # noqa: E402  # see above
from tests.support.ledger import recount  # noqa: E402  # see above


def main(path: str) -> None:
    """Every acknowledged transfer is there once, as it was acknowledged, and the balances are their sums."""
    # A line without its end was never finished: its client was killed while it wrote.
    lines = [json.loads(line) for line in Path(path).read_text().split("\n")[:-1]]
    rows = _rows()
    wrong = [f"{line}: {problem}" for line in lines if (problem := _problem(line, rows))]
    twice = [id for id, count in Counter(line[0] for line in lines).items() if count > 1]
    wrong += [f"{account}: counters {found}, rows {truth}" for account, (found, truth) in recount(_book()).items()]
    print(json.dumps({"acknowledged": len(lines), "posted": len(rows), "twice": len(twice), "wrong": wrong}))


def _book() -> Book:
    return Book.objects.get(code="crash")


def _rows() -> dict[UUID, Transfer]:
    return {row.pk: row for row in Transfer.objects.filter(book_id=_book().pk)}


def _problem(line: list[str | int], rows: dict[UUID, Transfer]) -> str | None:
    id, amount, *told = line
    row = rows.get(UUID(str(id)))
    if row is None:
        return "is lost"
    if row.amount != Decimal(str(amount)):
        return f"is of {row.amount}"
    found = [
        round(row.posted_at.timestamp() * 1_000_000),
        from_decimal(row.debit_balance),
        from_decimal(row.credit_balance),
    ]
    return f"is {found}" if told and told != found else None


if __name__ == "__main__":
    main(sys.argv[1])
