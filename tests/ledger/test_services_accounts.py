"""Opening, changing, freezing and closing books, assets and accounts."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from ledger import services
from ledger.domain.drafts import Kind
from ledger.errors import Conflict, Invalid, Stale
from ledger.models import Account, Asset, Balance, Book, BookHead
from ledger.services.accounts import AccountSpec
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.support.ledger import give, hold, make_account, make_asset, make_book, make_shop, on, one, post, posted

pytestmark = pytest.mark.usefixtures("database")


def last_event(subject: object) -> Event:
    return Event.objects.filter(subject_id=str(subject)).latest("recorded_at", "id")


# --- books


def test_a_book_is_opened_with_its_head_and_event() -> None:
    code = f"b-{uuid4().hex}"
    book = services.book_create(code=code, name="Branch", metadata={"lei": "X"})
    stored = Book.objects.get(code=code)
    assert (stored.pk, stored.name, stored.status, stored.metadata, stored.version) == (
        *(book.pk, "Branch", "open", {"lei": "X"}, 1),
    )
    assert BookHead.objects.filter(book=book).exists()
    event = last_event(book.pk)
    assert (event.type, event.book_id) == ("ledger.book.created", book.pk)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "with blank"),
        ("code", ""),
        ("code", "x" * 65),
        ("code", "tail\n"),
        ("name", ""),
        ("name", "nul\0"),
        ("name", "x" * 201),
        ("metadata", {"a": 1.5}),
    ],
)
def test_a_malformed_field_of_a_book_is_named(field: str, value: Any) -> None:
    fields: dict[str, Any] = {"code": f"b-{uuid4().hex}", "name": "x"}
    with pytest.raises(Invalid) as caught:
        services.book_create(**(fields | {field: value}))
    assert caught.value.field == field


def test_a_books_code_is_taken_once() -> None:
    book = make_book()
    with pytest.raises(Conflict, match="is taken by another book"):
        services.book_create(code=book.code, name="again")


def test_a_book_is_renamed_and_closed_with_what_changed_in_its_event() -> None:
    book = make_book()
    head = BookHead.objects.get(book=book).batch_id
    changed = services.book_update(book=book, name="New", status="closed", version=1)
    assert (changed.name, changed.status, changed.version) == ("New", "closed", 2)
    assert BookHead.objects.get(book=book).batch_id != head
    assert b'"status":{"after":"closed","before":"open"}' in bytes(last_event(book.pk).body)
    with pytest.raises(Stale):
        services.book_update(book=book, name="Newer", version=1)
    with pytest.raises(Invalid) as caught:
        services.book_update(book=book, status="burnt")
    assert caught.value.field == "status"
    assert Book.objects.get(pk=book.pk).name == "New"


def test_a_change_that_changes_nothing_leaves_no_event() -> None:
    book = make_book()
    assert services.book_update(book=book, name=book.name, status="open").version == 1
    assert last_event(book.pk).type == "ledger.book.created"


# --- assets


def test_an_asset_keeps_its_places() -> None:
    asset = make_asset(18)
    assert (Asset.objects.get(pk=asset.pk).places, last_event(asset.pk).type) == (18, "ledger.asset.created")
    with pytest.raises(Conflict):
        services.asset_create(code=asset.code, places=2)


@pytest.mark.parametrize(
    ("field", "value"),
    [("places", -1), ("places", 19), ("code", ""), ("code", "a b"), ("kind", "shell"), ("name", "\0")],
)
def test_a_malformed_field_of_an_asset_is_named(field: str, value: Any) -> None:
    fields: dict[str, Any] = {"code": f"X{uuid4().hex[:20]}", "places": 2}
    with pytest.raises(Invalid) as caught:
        services.asset_create(**(fields | {field: value}))
    assert caught.value.field == field


# --- accounts


@pytest.mark.parametrize(
    ("type", "side"), [("asset", 1), ("expense", 1), ("liability", -1), ("equity", -1), ("income", -1)]
)
def test_an_account_grows_on_the_side_of_its_type(type: str, side: int) -> None:
    book, asset = make_book(), make_asset()
    account = make_account(book, asset, type)
    assert (account.normal_side, account.balance.normal_side, account.status) == (side, side, "open")
    contra = make_account(book, asset, type, normal_side=-side)
    assert Balance.objects.get(pk=contra.pk).normal_side == -side


def test_an_account_is_opened_with_all_it_was_given() -> None:
    book, asset, id = make_book(), make_asset(), uuid7()
    facts: dict[str, Any] = {
        "path": "liabilities:customers:7",
        "name": "Ann",
        "owner_ref": "7",
        "metadata": {"vip": True},
        "id": id,
    }
    make_account(book, asset, floor=Decimal("-10.50"), code="c7", **facts)
    account = Account.objects.select_related("balance").get(pk=id)
    assert (account.code, account.path, account.name, account.owner_ref) == (
        "c7",
        "liabilities:customers:7",
        "Ann",
        "7",
    )
    assert (account.metadata, account.balance.floor, account.balance.book_id) == (
        {"vip": True},
        Decimal("-10.5"),
        book.pk,
    )
    assert b'"floor":"-10.50"' in bytes(last_event(id).body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "debt"),
        ("code", "a b"),
        ("code", ""),
        ("path", "a::b"),
        ("path", ":a"),
        ("name", "x\0"),
        ("owner_ref", "x" * 101),
        ("normal_side", 0),
        ("floor", Decimal("0.01")),
        ("floor", Decimal("-0.001")),
        ("floor", Decimal("NaN")),
        ("metadata", {"a": 1.5}),
        ("metadata", {"a": "\0"}),
    ],
)
def test_a_malformed_field_of_an_account_is_named(field: str, value: Any) -> None:
    book, asset = make_book(), make_asset()
    good = AccountSpec("good", asset, "asset")
    fields: dict[str, Any] = {"code": "bad", "asset": asset, "type": "asset"}
    with pytest.raises(Invalid) as caught:
        services.accounts_create(book=book, specs=[good, AccountSpec(**(fields | {field: value}))])
    assert caught.value.field == field
    assert not Account.objects.filter(book=book).exists()


@pytest.mark.parametrize(("what", "message"), [("code", "the code"), ("path", "the path and asset"), ("id", "the id")])
def test_what_an_account_shares_with_no_other(what: str, message: str) -> None:
    book, asset = make_book(), make_asset()
    first = make_account(book, asset, path="a:b")
    same: dict[str, Any] = {what: first.pk if what == "id" else getattr(first, what)}
    with pytest.raises(Conflict, match=message):
        make_account(book, asset, **{"path": "a:c", **same})
    assert make_account(book, make_asset(), path="a:b").path == "a:b"


def test_an_account_is_changed_with_what_changed_in_its_event() -> None:
    shop = make_shop(1, funds="100")
    [account] = shop.customers
    changed = services.account_update(
        account=account, name="Bob", owner_ref="8", metadata={"a": 1}, floor=Decimal(50), version=1
    )
    assert (changed.name, changed.owner_ref, changed.metadata, changed.version) == ("Bob", "8", {"a": 1}, 2)
    assert Balance.objects.get(pk=account.pk).floor == 50
    body = bytes(last_event(account.pk).body)
    assert b'"floor":{"after":"50","before":"0' in body
    assert b'"name":{"after":"Bob","before":""}' in body
    with pytest.raises(Stale):
        services.account_update(account=account, name="Eve", version=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "burnt"),
        ("name", "x\0"),
        ("floor", Decimal("NaN")),
        ("floor", Decimal("0.001")),
        ("metadata", {"a": 0.5}),
    ],
)
def test_a_malformed_change_is_named_and_changes_nothing(field: str, value: Any) -> None:
    shop = make_shop(1, funds="100")
    with pytest.raises(Invalid) as caught:
        services.account_update(account=shop.customers[0], **{field: value})
    assert caught.value.field == field
    assert Account.objects.get(pk=shop.customers[0].pk).version == 1


def test_a_floor_above_what_is_available_is_refused_to_the_last_digit() -> None:
    shop = make_shop(1, places=18)
    [account] = shop.customers
    shop.fund(account, "12345678901234567890.123456789012345678")
    with pytest.raises(Conflict, match="below"):
        services.account_update(account=account, floor=Decimal("12345678901234567890.123456789012345679"))
    services.account_update(account=account, floor=Decimal("12345678901234567890.123456789012345678"))
    assert one(shop.book, give(account, shop.cash, "0.000000000000000001")).code == "insufficient_funds"


def test_a_new_floor_counts_at_once_and_holds_count_against_it() -> None:
    shop = make_shop(2, funds="100")
    alice = shop.customers[0]
    assert one(shop.book, hold(*shop.pair, 60)).ok
    with pytest.raises(Conflict):
        services.account_update(account=alice, floor=Decimal("40.01"))
    services.account_update(account=alice, floor=Decimal(40))
    assert one(shop.book, give(*shop.pair, "0.01")).code == "insufficient_funds"
    services.account_update(account=alice, floor=None)
    assert one(shop.book, give(*shop.pair, 1000)).ok


def test_a_frozen_account_refuses_until_it_is_open_again() -> None:
    shop = make_shop(2, funds="100")
    for status, code in (("frozen", "account_frozen"), ("open", None)):
        services.account_update(account=shop.customers[0], status=status)
        assert one(shop.book, give(*shop.pair, 1)).code == code


def test_an_account_closes_for_good_and_only_empty() -> None:
    shop = make_shop(2)
    alice, bob = shop.customers
    shop.fund(alice, 10)
    with pytest.raises(Conflict, match="no balance and no holds"):
        services.account_update(account=alice, status="closed")
    incoming = hold(shop.cash, bob, 5)
    assert one(shop.book, incoming).ok
    with pytest.raises(Conflict, match="no balance and no holds"):
        services.account_update(account=bob, status="closed")
    post(shop.book, give(alice, shop.cash, 10), on(incoming.id, Kind.HOLD_VOID))
    for account in (alice, bob):
        services.account_update(account=account, status="closed")
        assert shop.fund(account, 1).code == "account_closed"
        with pytest.raises(Conflict, match="stays closed"):
            services.account_update(account=account, status="open")
    assert posted(alice) == 0
