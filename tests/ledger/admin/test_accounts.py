"""Accounts: the list, the page, the look-up, and what may be done to them."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from ledger import services
from ledger.domain.drafts import Kind
from ledger.models import Account, Balance
from qenex.access.models import StaffSession
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.ledger.admin.conftest import BASE, Staff, column, errors, event_types, rows, text, told
from tests.support.ledger import Shop, give, hold, make_account, make_asset, on, post

LIST = f"{BASE}/account/"


def page(account: Account, command: str = "change") -> str:
    """The address of an account's page or command."""
    return f"{BASE}/account/{account.pk}/{command}/"


def find(client: Client, shop: Shop, **query: str) -> list[str]:
    """The codes that the list shows."""
    return column(client.get(LIST, {"book": shop.book.code, **query}), 0)


def test_the_list_shows_balances_with_the_assets_places(boss: Client, shop: Shop) -> None:
    gold = make_asset(8)
    make_account(shop.book, gold, "asset", code="vault", path="assets:vault", name="Vault")
    post(shop.book, give(shop.cash, shop.customers[0], "12345.6"), hold(shop.customers[1], shop.customers[2], 40))
    listed = {row[0]: row[1:] for row in rows(boss.get(LIST, {"book": shop.book.code}))}
    code = shop.asset.code
    assert listed == {
        "cash": ["cash", "-", "asset", "open", code, "12,645.60", "-", "12,645.60"],
        "customer-0": ["customer-0", "-", "liability", "open", code, "12,445.60", "-", "12,445.60"],
        "customer-1": ["customer-1", "-", "liability", "open", code, "100.00", "-40.00", "60.00"],
        "customer-2": ["customer-2", "-", "liability", "open", code, "100.00", "+40.00", "100.00"],
        "vault": ["assets:vault", "Vault", "asset", "open", gold.code, "0.00000000", "-", "0.00000000"],
    }


def test_the_list_is_searched_and_filtered(boss: Client, shop: Shop) -> None:
    gold = make_asset(8)
    make_account(shop.book, gold, "asset", code="v1", path="assets:vault:one", name="Big Vault", owner_ref="owner-77")
    make_account(shop.book, gold, "asset", code="v2", path="assets:vaulted")
    services.account_update(account=shop.customers[2], status="frozen")
    customers = ["customer-0", "customer-1", "customer-2"]
    assert find(boss, shop) == ["cash", *customers, "v1", "v2"]
    assert find(boss, shop, q="CUSTOMER") == customers
    assert find(boss, shop, q="big") == ["v1"]
    assert find(boss, shop, q="owner-77") == ["v1"]
    assert find(boss, shop, under="assets") == ["v1", "v2"]
    assert find(boss, shop, under="assets:vault") == ["v1"]
    assert find(boss, shop, type="asset") == ["cash", "v1", "v2"]
    assert find(boss, shop, status="frozen") == ["customer-2"]
    assert find(boss, shop, asset=gold.code, q="v2") == ["v2"]
    assert find(boss, shop, q="nothing") == []


def test_the_page_shows_balance_limits_and_latest_transfers(boss: Client, shop: Shop) -> None:
    account = shop.customers[0]
    services.limit_create(account=account, maximum=Decimal(500), verdict="hold")
    post(shop.book, give(account, shop.customers[1], 30, reference="Rent"))
    content = text(boss.get(page(account)).content.decode())
    assert "Posted: 70.00 Pending in: 0.00 Pending out: 0.00 Available: 70.00 Floor: 0.00" in content
    assert "500.00: larger transfers are held" in content
    assert "customer-1 posted Rent 30.00 70.00" in content
    assert "cash posted 100.00 100.00" in content


def test_a_page_has_twenty_transfers_and_a_link_to_all(boss: Client, shop: Shop) -> None:
    account = shop.customers[0]
    post(shop.book, *[give(shop.cash, account, 1, reference=f"n{number:02d}") for number in range(25)])
    content = boss.get(page(account)).content.decode()
    assert "n24" in content
    assert "n05" in content
    assert "n04" not in content
    assert f"/admin/ledger/transfer/?book={shop.book.code}&amp;account=customer-0" in content


def test_an_account_is_opened(boss: Client, shop: Shop) -> None:
    fields = {"book": shop.book.code, "code": "fees", "path": "income:fees", "name": "Fees", "type": "income"}
    response = boss.post(f"{LIST}add/", fields | {"asset": shop.asset.code, "floor": "-1,000.50", "owner_ref": "o"})
    account = Account.objects.get(book=shop.book, code="fees")
    assert (response.status_code, response["Location"]) == (302, page(account))
    assert (account.path, account.name, account.type, account.normal_side) == ("income:fees", "Fees", "income", -1)
    assert Balance.objects.get(pk=account.pk).floor == Decimal("-1000.5")
    assert event_types(shop)[-1] == "ledger.account.created"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code": "cash"}, ["The code of an account is taken in book {book}"]),
        ({"code": "with blank"}, ["Segments of letters, digits, dots, dashes and underscores, joined by colons."]),
        ({"code": ""}, ["This field is required."]),
        ({"floor": "0.001"}, ["Has more than the asset's 2 decimal places"]),
        ({"floor": "5"}, ["An empty account cannot have a floor above zero"]),
    ],
)
def test_an_account_that_cannot_be_opened_says_why(
    boss: Client, shop: Shop, changes: dict[str, str], expected: list[str]
) -> None:
    fields = {"book": shop.book.code, "code": "new", "type": "asset", "asset": shop.asset.code, "name": "Kept"}
    response = boss.post(f"{LIST}add/", fields | changes)
    assert errors(response) == [each.format(book=shop.book.code) for each in expected]
    assert 'value="Kept"' in response.content.decode()
    assert not Account.objects.filter(book=shop.book, code="new").exists()


@pytest.mark.parametrize(
    ("command", "fields", "change"),
    [
        ("freeze", {}, {"status": {"before": "open", "after": "frozen"}}),
        (
            "edit",
            {"name": "Ada", "owner_ref": "7"},
            {"name": {"before": "", "after": "Ada"}, "owner_ref": {"before": "", "after": "7"}},
        ),
        ("floor", {"floor": "-50"}, {"floor": {"before": "0.000000000000000000", "after": "-50"}}),
    ],
)
def test_a_change_is_recorded_with_its_reason_and_actor(
    boss: Client, shop: Shop, command: str, fields: dict[str, str], change: dict[str, Any]
) -> None:
    account = shop.customers[0]
    response = boss.post(page(account, command), fields | {"reason": "Asked for by the owner"})
    assert (response.status_code, response["Location"]) == (302, page(account))
    event = Event.objects.get(type="ledger.account.updated", subject_id=str(account.pk))
    body = _body(event)
    assert body["reason"] == "Asked for by the owner"
    assert body["actor"]["method"] == "session"
    assert body["actor"]["id"] == int(boss.session["_auth_user_id"])
    assert body["actor"]["address"] is None
    assert reveal(event.body).body["actor"]["address"] == "127.0.0.1"
    open_session = StaffSession.objects.get(user_id=body["actor"]["id"], ended_at=None)
    assert body["actor"]["key_id"] == str(open_session.pk)
    assert {name: _plain(each) for name, each in body["changes"].items()} == {
        name: _plain(each) for name, each in change.items()
    }


def test_who_saw_an_older_version_has_to_look_again(boss: Client, shop: Shop) -> None:
    account = shop.customers[0]
    assert 'name="version" value="1"' in boss.get(page(account, "edit")).content.decode()
    changes = {"name": "Ada", "owner_ref": "", "reason": "Asked for", "version": "1"}
    assert boss.post(page(account, "edit"), changes).status_code == 302
    response = boss.post(page(account, "edit"), changes | {"name": "Grace"})
    assert errors(response) == ["It was changed in the meantime; read it again"]
    assert 'name="version" value="2"' in response.content.decode()
    assert Account.objects.get(pk=account.pk).name == "Ada"
    assert boss.post(page(account, "edit"), changes | {"name": "Grace", "version": "2"}).status_code == 302


def test_a_frozen_account_is_unfrozen(boss: Client, shop: Shop) -> None:
    account = shop.customers[0]
    boss.post(page(account, "freeze"), {"reason": "Suspicion"})
    assert Account.objects.get(pk=account.pk).status == "frozen"
    boss.post(page(account, "unfreeze"), {"reason": "None left"})
    assert Account.objects.get(pk=account.pk).status == "open"


def test_an_account_with_money_is_not_closed(boss: Client, shop: Shop) -> None:
    account = shop.customers[0]
    response = boss.post(page(account, "close"), {"reason": "Left"})
    assert errors(response) == ["Only an account with no balance and no holds can be closed"]
    post(shop.book, give(account, shop.cash, 100))
    assert boss.post(page(account, "close"), {"reason": "Left"}).status_code == 302
    assert Account.objects.get(pk=account.pk).status == "closed"


def test_nothing_is_done_without_a_reason(boss: Client, shop: Shop) -> None:
    account = shop.customers[0]
    for command in ("freeze", "close", "edit", "floor"):
        assert errors(boss.post(page(account, command), {"reason": " "})) == ["This field is required."]
    assert (Account.objects.get(pk=account.pk).status, Account.objects.get(pk=account.pk).version) == ("open", 1)


def test_buttons_follow_the_state_and_the_permissions(boss: Client, staff: Staff, shop: Shop) -> None:
    account = shop.customers[0]
    services.account_update(account=account, status="frozen")
    content = boss.get(page(account)).content.decode()
    assert page(account, "unfreeze") in content
    assert page(account, "freeze") not in content
    content = staff("view_account").get(page(account)).content.decode()
    assert page(account, "unfreeze") not in content
    assert "Latest transfers" not in content


def test_looking_is_not_changing(staff: Staff, shop: Shop) -> None:
    client, account = staff("view_account"), shop.customers[0]
    for command in ("edit", "floor", "freeze", "unfreeze", "close"):
        assert client.get(page(account, command)).status_code == 403
        assert client.post(page(account, command), {"reason": "x", "name": "x"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(page(account), {"name": "x"}).status_code == 403
    assert Account.objects.get(pk=account.pk).version == 1


def test_the_lookup_finds_open_accounts_of_the_book(boss: Client, shop: Shop) -> None:
    services.account_update(account=shop.customers[2], status="frozen")
    answer = boss.get(f"{LIST}lookup/", {"book": shop.book.code, "q": "ustom"}).json()
    shared = {"name": "", "asset": shop.asset.code, "places": 2}
    assert answer == {
        "results": [{"code": f"customer-{number}", "path": f"customer-{number}", **shared} for number in (0, 1)]
    }
    exact = boss.get(f"{LIST}lookup/", {"book": shop.book.code, "q": "customer-2", "exact": "1"}).json()
    assert [each["code"] for each in exact["results"]] == ["customer-2"]
    assert boss.get(f"{LIST}lookup/", {"book": "no-such-book", "q": "c"}).json() == {"results": []}


def test_the_lookup_is_for_who_may_view_accounts(staff: Staff, shop: Shop) -> None:
    response = staff("view_book").get(f"{LIST}lookup/", {"book": shop.book.code, "q": "c"})
    assert (response.status_code, response.json()) == (403, {"results": []})


def test_history_leads_to_the_accounts_events(boss: Client, shop: Shop) -> None:
    account = shop.customers[0]
    boss.post(page(account, "freeze"), {"reason": "Look"})
    response = boss.get(page(account, "history"), follow=True)
    assert told(response) == ["ledger.account.created", "ledger.account.updated"]


def test_a_partly_posted_hold_shows_in_the_balances(boss: Client, shop: Shop) -> None:
    held = hold(shop.customers[0], shop.customers[1], 60)
    post(shop.book, held, on(held.id, Kind.HOLD_POST, 20, final=False))
    assert rows(boss.get(LIST, {"book": shop.book.code, "q": "customer-0"}))[0][-3:] == ["80.00", "-40.00", "40.00"]


def _body(event: Event) -> Any:
    import json

    return json.loads(bytes(event.body))


def _plain(change: dict[str, Any]) -> dict[str, Any]:
    """Amounts compared as numbers."""
    return {
        side: Decimal(value) if str(value).replace(".", "").lstrip("-").isdigit() else value
        for side, value in change.items()
    }
