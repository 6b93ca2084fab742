"""What the ledger has posted is proven from the rows and events that it stored."""

import json
from pathlib import Path
from typing import Any

import pytest

from compliance.trail import merkle
from compliance.trail.entry import event_leaf
from compliance.trail.receipt import Receipt
from ledger import services
from ledger.models import Transfer
from qenex.kernel.models import Event
from tests.compliance.verifier.world import LOG, pack, run, said, signed
from tests.support.ledger import give, make_shop


@pytest.mark.usefixtures("database")
def test_a_posted_transfer_has_a_receipt_that_says_what_its_row_says(tmp_path: Path, capsys: Any) -> None:
    shop = make_shop(2)
    first, second = shop.pair
    amounts = ("100", "0.01", "12345678.9", "7", "42.5")
    drafts = [give(shop.cash, first, amount, reference=f"Nr {amount}", metadata={"a": [1, None]}) for amount in amounts]
    services.journal_post(book=shop.book, transfers=[*drafts, give(first, second, "3")])
    event = Event.objects.get(book_id=shop.book.pk, type="ledger.transfers.posted")
    rows = list(Transfer.objects.filter(event_id=event.pk).order_by("posted_at").values())
    leaves = [pack()(dict(row)) for row in rows]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    assert json.loads(bytes(event.body))["data"]["transfers_root"] == merkle.root_of(hashes).hex()

    entry = event_leaf(event.transaction, bytes(event.body))
    for at, row in enumerate(rows):
        proof = tuple(merkle.inclusion_proof(at, hashes))
        note = signed(1, merkle.leaf_hash(entry))
        (tmp_path / "receipt").write_text(Receipt(entry, 0, (), note, leaves[at], at, len(rows), proof).encode())
        code, printed = run(capsys, "receipt", tmp_path / "receipt", "--key", LOG.vkey, "--json")
        found = said(printed)
        assert (code, found["transfer"], found["event_id"]) == (0, str(row["id"]), str(event.pk))
        assert found["amount"] == f"{row['amount']:f}".rstrip("0").rstrip(".")
        assert found["debit_account"] == str(row["debit_account_id"])
        assert found["credit_account"] == str(row["credit_account_id"])
        assert found["posted_at"] == row["posted_at"].isoformat(timespec="microseconds").replace("+00:00", "Z")
        assert (found.get("reference", ""), found.get("metadata")) == (row["reference"], row["metadata"])
        assert (found["journal"], found["kind"], found["code"]) == (str(row["journal_id"]), "posted", row["code"])
