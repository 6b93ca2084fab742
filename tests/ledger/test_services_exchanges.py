"""Exchanges: two transfers of two assets in one journal, which records the rate."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from ledger import services
from ledger.errors import Invalid, TransferRefused
from ledger.models import Journal
from tests.support.ledger import give, make_account, make_asset, make_shop, one, posted, transfer_count

pytestmark = pytest.mark.usefixtures("database")


class Desk:
    """A customer with 1,000 euros who buys gold from the house."""

    def __init__(self) -> None:
        self.shop = make_shop(1, funds="1000")
        self.gold = make_asset(18)
        self.euros = self.shop.customers[0]
        self.euro_position = make_account(self.shop.book, self.shop.asset, "equity")
        self.gold_position = make_account(self.shop.book, self.gold, "equity")
        self.bars = make_account(self.shop.book, self.gold, "liability", floor=Decimal(0))

    def accounts(self) -> dict[str, Any]:
        return {
            "sold_from": self.euros,
            "sold_position": self.euro_position,
            "bought_position": self.gold_position,
            "bought_to": self.bars,
        }


@pytest.fixture
def desk(database: None) -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("sold", "bought", "rate"),
    [
        ("100", "2.5", "0.025"),
        ("3", "1", "0.333333333333333333"),
        ("3", "2", "0.666666666666666667"),
        ("0.01", "1000000000000", "100000000000000"),
    ],
)
def test_both_sides_move_and_the_rate_is_recorded(desk: Desk, sold: str, bought: str, rate: str) -> None:
    id, results = services.exchange_post(**desk.accounts(), sold=Decimal(sold), bought=Decimal(bought), reference="fx")
    assert [result.status for result in results] == ["posted", "posted"]
    assert (posted(desk.euros), posted(desk.bars)) == (1000 - Decimal(sold), Decimal(bought))
    assert (posted(desk.euro_position), posted(desk.gold_position)) == (Decimal(sold), -Decimal(bought))
    row = Journal.objects.get(pk=id)
    assert (row.kind, row.rate, row.reference) == ("exchange", rate, "fx")


def test_the_same_exchange_again_gives_the_first_answer(desk: Desk) -> None:
    facts: dict[str, Any] = {**desk.accounts(), "sold": Decimal(10), "bought": Decimal(1), "id": UUID(int=2**100 + 1)}
    facts["id"] = UUID(int=desk.euros.pk.int ^ 1)
    services.exchange_post(**facts)
    _, again = services.exchange_post(**facts)
    assert [each.replayed for each in again] == [True, True]
    assert posted(desk.euros) == 990


def test_exchanges_whose_ids_are_neighbours_do_not_meet(desk: Desk) -> None:
    base = desk.euros.pk.int & ~0b111
    for number in range(4):
        _, results = services.exchange_post(
            **desk.accounts(), sold=Decimal(10), bought=Decimal(1), id=UUID(int=base + number)
        )
        assert [each.replayed for each in results] == [False, False]
    assert posted(desk.euros) == 960


def test_without_the_funds_neither_side_moves(desk: Desk) -> None:
    before = transfer_count(desk.shop.book)
    with pytest.raises(TransferRefused) as caught:
        services.exchange_post(**desk.accounts(), sold=Decimal("1000.01"), bought=Decimal(1))
    assert (caught.value.code, caught.value.position) == ("insufficient_funds", 0)
    services.account_update(account=desk.bars, status="frozen")
    with pytest.raises(TransferRefused) as caught:
        services.exchange_post(**desk.accounts(), sold=Decimal(1), bought=Decimal(1))
    assert (caught.value.code, caught.value.position) == ("account_frozen", 1)
    assert (transfer_count(desk.shop.book), posted(desk.euros), posted(desk.bars)) == (before, 1000, 0)


def test_a_position_account_of_the_wrong_asset_is_refused(desk: Desk) -> None:
    with pytest.raises(TransferRefused) as caught:
        services.exchange_post(
            **(desk.accounts() | {"sold_position": desk.gold_position}), sold=Decimal(1), bought=Decimal(1)
        )
    assert caught.value.code == "asset_mismatch"


@pytest.mark.parametrize(
    ("sold", "bought", "field"),
    [("0", "1", "sold"), ("1", "0", "bought"), ("-1", "1", "sold"), ("NaN", "1", "sold"), ("1", "1e-19", "bought")],
)
def test_a_malformed_amount_is_named(desk: Desk, sold: str, bought: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        services.exchange_post(**desk.accounts(), sold=Decimal(sold), bought=Decimal(bought))
    assert caught.value.field == field


def test_an_exchange_stays_in_one_book_and_is_between_two_assets(desk: Desk) -> None:
    other = Desk()
    one_asset = {"bought_position": desk.euro_position, "bought_to": desk.euros}
    for change in ({"bought_to": other.bars}, one_asset):
        with pytest.raises(Invalid) as caught:
            services.exchange_post(**(desk.accounts() | change), sold=Decimal(1), bought=Decimal(1))
        assert caught.value.field == "accounts"


def test_an_exchange_that_a_limit_holds_is_held_whole(desk: Desk) -> None:
    services.limit_create(maximum=Decimal(50), account=desk.euros, verdict="hold")
    _, results = services.exchange_post(**desk.accounts(), sold=Decimal(51), bought=Decimal(1))
    assert [each.status for each in results] == ["held", "held"]
    assert (posted(desk.euros), posted(desk.bars)) == (1000, 0)
    assert one(desk.shop.book, give(desk.euros, desk.shop.cash, 50)).ok
