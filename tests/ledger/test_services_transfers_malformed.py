"""What is malformed is refused by name before anything is asked of the database."""

from decimal import Decimal
from typing import Any

import pytest

from ledger import services
from ledger.errors import Invalid
from ledger.services.transfers import MAX_CODE, MAX_METADATA_BYTES, MAX_REFERENCE, MAX_TIMEOUT
from tests.support.ledger import make_shop, transfer_count

pytestmark = pytest.mark.usefixtures("database")


SHOP_FIELDS = {"debit_account", "credit_account", "amount"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 1.5),
        ("amount", True),
        ("amount", None),
        ("amount", "1e3"),
        ("amount", "-1"),
        ("amount", "NaN"),
        ("amount", Decimal("NaN")),
        ("amount", Decimal("1e-19")),
        ("amount", "0.0000000000000000001"),
        ("code", -1),
        ("code", MAX_CODE + 1),
        ("code", "7"),
        ("code", True),
        ("reference", "x" * (MAX_REFERENCE + 1)),
        ("reference", "nul\0"),
        ("reference", "half \ud800"),
        ("reference", 7),
        ("metadata", {"a": 1.5}),
        ("metadata", {"a": "\0"}),
        ("metadata", {"a": "\ud800"}),
        ("metadata", {1: "a"}),
        ("metadata", ["a"]),
        ("metadata", {"a": "x" * MAX_METADATA_BYTES}),
        ("metadata", {"a": object()}),
        ("timeout", 60),
        ("final", "yes"),
        ("value_date", "2026-02-30"),
        ("kind", "expired"),
        ("kind", 7),
        ("kind", 99),
        ("id", "x"),
        ("debit_account", 5),
        ("origin", "x"),
        ("colour", "red"),
    ],
)
def test_a_malformed_field_is_named(field: str, value: object) -> None:
    shop = make_shop(1)
    fields: dict[str, Any] = {"debit_account": shop.cash, "credit_account": shop.customers[0], "amount": "1"}
    with pytest.raises(Invalid) as caught:
        services.transfers_post(book=shop.book, transfers=[fields, fields | {field: value}])
    assert caught.value.field == field
    assert transfer_count(shop.book) == 0


@pytest.mark.parametrize("timeout", [0, -1, MAX_TIMEOUT + 1, "60", 1.5])
def test_a_malformed_timeout_of_a_hold_is_named(timeout: Any) -> None:
    shop = make_shop(1)
    fields = {"debit_account": shop.cash, "credit_account": shop.customers[0], "amount": 1, "kind": "hold"}
    with pytest.raises(Invalid) as caught:
        services.transfers_post(book=shop.book, transfers=[fields | {"timeout": timeout}])
    assert caught.value.field == "timeout"
