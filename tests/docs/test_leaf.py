"""The guide's page on leaves: its program builds the roots of events, and its example is what it says."""

import json
import runpy
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger import services
from ledger.domain.drafts import Kind
from ledger.models import Transfer
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.docs.pages import ROOT, blocks, table
from tests.support.ledger import give, hold, make_shop, on, one

PAGE = ROOT / "docs" / "guide" / "leaf.md"
METADATA = {"\U0001f4b6": [1, {"b": None, "a": True}], "\ufb33": '\u2028\t"', "z": -5}
UTMOST = Decimal("99999999999999999999.999999999999999999")


@pytest.fixture
def program(tmp_path: Path) -> dict[str, Any]:
    """The names that the page's program defines."""
    [source] = blocks(PAGE, "python")
    (tmp_path / "leaf.py").write_text(source)
    return runpy.run_path(str(tmp_path / "leaf.py"))


def test_the_example_is_what_the_program_makes(program: dict[str, Any]) -> None:
    rows = table(PAGE, "## An example")
    values = {name.strip("`"): value.strip("`") for name, value, *_ in rows}
    ids = ("id", "book_id", "debit_account_id", "credit_account_id", "asset_id", "event_id")
    amounts = ("amount", "debit_balance", "credit_balance")
    row = {
        **{name: UUID(values[name]) for name in ids},
        **{name: Decimal(values[name]) for name in amounts},
        "posted_at": datetime.fromisoformat(values["posted_at"]).astimezone(UTC),
        "value_date": date.fromisoformat(values["value_date"]),
        "kind": int(values["kind"]),
        "code": int(values["code"]),
        "journal_id": None,
        "origin_id": None,
        "reference": values["reference"],
        "metadata": {"note": "für März"},
    }
    leaf = program["leaf"](row)
    assert leaf.hex() == "".join(length.strip("`") + raw.strip("`") for _, _, length, raw in rows)
    assert f"The leaf has {len(leaf)} bytes." in PAGE.read_text()
    assert f"`{program['root']([leaf]).hex()}`" in PAGE.read_text()


@pytest.mark.usefixtures("database")
def test_the_program_builds_the_roots_of_posted_transfers(program: dict[str, Any]) -> None:
    shop = make_shop(2, places=18, floor=None)
    first, second = shop.pair
    held = uuid7()
    services.journal_post(
        book=shop.book,
        transfers=[
            give(shop.cash, first, UTMOST, reference="Überweisung", code=2**31 - 1),
            give(first, second, "0.000000000000000001", value_date=date(1999, 12, 31)),
            give(
                first, second, 7, metadata={"\U0001f4b6": [1, {"b": None, "a": True}], "\ufb33": '\u2028\t"', "z": -5}
            ),
        ],
    )
    one(shop.book, hold(first, second, "0.5", id=held, timeout=60))
    one(shop.book, on(held, Kind.HOLD_POST, "0.25"))
    events = list(Event.objects.filter(book_id=shop.book.pk, type="ledger.transfers.posted"))
    assert [_root(program, event) for event in events] == [_stored_root(event) for event in events]
    assert len(events) == 3


def _root(program: dict[str, Any], event: Event) -> str:
    rows = Transfer.objects.filter(event_id=event.pk).order_by("posted_at").values()
    root: bytes = program["root"]([program["leaf"](row) for row in rows])
    return root.hex()


def _stored_root(event: Event) -> str:
    root: str = json.loads(bytes(event.body))["data"]["transfers_root"]
    return root
