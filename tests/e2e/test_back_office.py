"""An accountant's day in a real browser: what the pages say, that the keyboard does, and that everybody can read it."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from ledger import services
from ledger.admin.shown import DASH
from ledger.models import Account, Balance, Hold, Journal, RoleLimit, Transfer
from tests.e2e.conftest import Visit, expect
from tests.e2e.reading import unreadable, violations
from tests.support.ledger import Shop, give, hold, make_asset, make_book, make_shop, post


@pytest.fixture
def shop(database: None) -> Shop:
    """A book with some money in it, an open hold, a journal and a limit."""
    shop = make_shop(3, funds="100")
    one, two, three = shop.customers
    post(shop.book, hold(one, two, 60), hold(two, three, 25, timeout=86_400))
    services.journal_post(book=shop.book, transfers=[give(one, two, 10), give(one, three, 5)], reference="J-1")
    services.limit_create(account=three, maximum=Decimal(5000), verdict="hold")
    return shop


def message(page: Any) -> str:
    """What the site says after a command."""
    return str(page.locator(".messagelist").inner_text()).strip()


def fact(page: Any, name: str) -> str:
    """A field of an object's page."""
    return str(page.locator(f".field-{name} .readonly").first.inner_text()).strip()


def choose_account(page: Any, number: int, typed: str, code: str) -> None:
    """Fills in a line's account at one go, so that one search follows, and takes the suggestion by keyboard."""
    field = page.locator(f"#id_lines-{number}-account")
    field.fill(typed)
    option = page.get_by_role("option", name=re.compile(f"^{code}"))
    option.wait_for()
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    field.press("Enter")
    expect(field).to_have_value(code)


def test_a_day_from_the_first_account_to_the_trial_balance(visit: Visit, database: None) -> None:
    book, asset = make_book(), make_asset(2)
    page = visit.page
    for code, type in (("till", "asset"), ("sales", "income"), ("tax", "liability")):
        visit.go(f"/admin/ledger/account/add/?book={book.code}")
        page.get_by_label("Code:").fill(code)
        page.get_by_label("Path:").fill(f"{type}:{code}")
        page.get_by_label("Name:").fill(code.title())
        page.get_by_label("Type:", exact=True).select_option(type)
        page.get_by_label("Asset:").select_option(asset.code)
        visit.press("Add account")
        assert message(page) == f"The account {code} ({type}:{code}) was opened."

    visit.go(f"/admin/ledger/journal/add/?book={book.code}")
    page.get_by_label("Reference:").fill("R-1")
    choose_account(page, 0, "til", "till")
    page.locator("#id_lines-0-debit").fill("1,190.00")
    choose_account(page, 1, "Sal", "sales")
    page.locator("#id_lines-1-credit").fill("1000")
    balance = page.locator("#balance")
    expect(balance).to_have_text(f"Difference: 190.00 {asset.code} too much debit", use_inner_text=True)
    choose_account(page, 2, "tax", "tax")
    page.locator("#id_lines-2-credit").press("=")
    expect(page.locator("#id_lines-2-credit")).to_have_value("190.00")
    expect(balance).to_have_text("Balanced", use_inner_text=True)
    assert page.locator("#totals").inner_text().split() == ["Total", asset.code, "1,190.00", "1,190.00"]
    visit.press("Preview")
    assert [row.split() for row in page.locator("#preview tbody tr").all_inner_texts()] == [
        ["till", "Till", "sales", "Sales", "1,000.00", asset.code, "1,000.00", "1,000.00"],
        ["till", "Till", "tax", "Tax", "190.00", asset.code, "1,190.00", "190.00"],
    ]
    assert not Journal.objects.filter(book_id=book.pk).exists()
    visit.press("Post the journal")
    assert message(page) == "The journal was posted: 2 transfers."

    visit.go(f"/admin/ledger/account/?book={book.code}")
    balances = dict(
        zip(
            page.locator("th.field-code").all_inner_texts(),
            page.locator("td.field-posted").all_inner_texts(),
            strict=True,
        )
    )
    assert balances == {"sales": "1,000.00", "tax": "190.00", "till": "1,190.00"}

    visit.go(f"/admin/ledger/journal/?book={book.code}")
    visit.follow(page.locator("th.field-posted_at a"))
    visit.follow(page.get_by_role("link", name="Reverse", exact=True))
    page.get_by_role("textbox", name="Amount to reverse of 1000.00").fill("400")
    page.get_by_role("textbox", name="Amount to reverse of 190.00").fill("")
    page.get_by_label("Reason:").fill("Returned goods")
    visit.press("Post the reversal")
    assert message(page) == "The reversal was posted: one transfer."
    assert fact(page, "description") == "Returned goods"

    visit.go(f"/admin/ledger/book/trial-balance/?book={book.code}")
    assert page.locator("#verdict .status").inner_text() == "Balanced"
    assert [row.split("\t")[-2:] for row in page.locator("#trial-balance tfoot tr").all_inner_texts()] == [
        ["790.00", "790.00"]
    ]
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as CSV").click()
    assert download.value.suggested_filename.startswith(f"trial-balance-{book.code}-")
    assert visit.complaints == []


def test_holds_are_posted_and_voided(visit: Visit, shop: Shop) -> None:
    page = visit.page
    for command, button, said in (
        ("Post", "Post the hold", "The hold was posted."),
        ("Void", "Void the hold", "The hold was voided: what it held is available again."),
    ):
        visit.go(f"/admin/ledger/hold/?book={shop.book.code}")
        visit.follow(page.locator("th.field-created_at a").last)
        visit.follow(page.get_by_role("link", name=command, exact=True))
        page.get_by_label("Reason:").fill("Told so")
        if command == "Post":
            page.get_by_label("Amount:").fill("45")
        visit.press(button)
        assert message(page) == said
    states = Hold.objects.filter(book_id=shop.book.pk).order_by("created_at")
    assert list(states.values_list("status", "posted_amount")) == [("posted", Decimal(45)), ("voided", Decimal(0))]
    assert Balance.objects.get(pk=shop.customers[0].pk).posted == Decimal(40)
    visit.go(f"/admin/ledger/hold/?book={shop.book.code}")
    assert "There are no open holds." in page.locator("#changelist").inner_text()
    assert visit.complaints == []


def test_lines_come_and_go_by_keyboard(visit: Visit, shop: Shop) -> None:
    page = visit.go(f"/admin/ledger/journal/add/?book={shop.book.code}")
    lines = page.locator("#lines tr")
    expect(lines).to_have_count(4)
    page.locator("#id_lines-3-credit").press("Enter")
    expect(lines).to_have_count(5)
    expect(page.locator("#id_lines-4-account")).to_be_focused()
    page.locator("#id_lines-4-account").press("Control+Delete")
    expect(lines).to_have_count(4)
    expect(page.locator("#id_lines-3-account")).to_be_focused()
    page.locator("#id_lines-1-account").press("Control+Delete")
    page.get_by_role("button", name="Add a line").press("Enter")
    expect(page.locator("#id_lines-5-account")).to_be_focused()
    page.locator("#id_lines-0-account").fill("customer-0")
    page.locator("#id_lines-0-debit").fill("5")
    page.locator("#id_lines-5-account").fill("customer-1")
    page.locator("#id_lines-5-credit").fill("4")
    visit.press("Preview")
    assert page.locator(".errorlist").first.inner_text() == (
        f"The journal does not balance: 1.00 {shop.asset.code} too much on the debit side."
    )
    assert page.locator("#id_lines-5-credit").input_value() == "4"
    said = f"Difference: 1.00 {shop.asset.code} too much debit"
    expect(page.locator("#balance")).to_have_text(said, use_inner_text=True)
    assert visit.complaints == []


def test_escape_closes_the_suggestions_and_the_mouse_takes_one(visit: Visit, shop: Shop) -> None:
    page = visit.go(f"/admin/ledger/transfer/?book={shop.book.code}")
    field = page.get_by_role("combobox", name="Account")
    field.press_sequentially("custom")
    offered = page.locator(".combobox-list").get_by_role("option")
    expect(offered).to_have_count(3)
    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("ArrowDown")
    offered.filter(has_text="customer-2").click()
    expect(field).to_have_value("customer-2")
    visit.press("Show")
    assert page.locator("td.field-balance_after").all_inner_texts() == ["105.00", "100.00", "100.00"]


def test_what_is_offered_for_what_was_typed_before_is_not_taken(visit: Visit, shop: Shop) -> None:
    page = visit.go(f"/admin/ledger/transfer/?book={shop.book.code}")
    field = page.get_by_role("combobox", name="Account")
    field.press_sequentially("customer")
    offered, marked = page.locator(".combobox-list [role=option]"), page.locator(".combobox-list [aria-selected=true]")
    expect(offered).to_have_count(3)
    field.press("ArrowDown")
    expect(marked).to_have_count(1)
    page.route("**/account/lookup/*q=customer-", lambda route: None)  # never answered
    field.press("-")
    expect(marked).to_have_count(0)
    with page.expect_request("**/account/lookup/*q=customer-"):
        field.press("ArrowDown")  # looks it up at once
    expect(marked).to_have_count(0)
    with page.expect_event("requestfailed"):  # by the page itself, which wants it no more
        field.press("2")
    expect(offered).to_have_count(1)
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("customer-2")
    assert visit.complaints == []


def test_escape_ends_a_search_that_is_under_way(visit: Visit, shop: Shop) -> None:
    page = visit.go(f"/admin/ledger/transfer/?book={shop.book.code}")
    field = page.get_by_role("combobox", name="Account")
    page.route("**/account/lookup/*", lambda route: None)
    with page.expect_request("**/account/lookup/*"):
        field.press_sequentially("custom")
    with page.expect_event("requestfailed"):
        field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")


def test_the_details_of_an_account_that_was_named_before_do_not_come_late(visit: Visit, shop: Shop) -> None:
    page = visit.go(f"/admin/ledger/transfer/?book={shop.book.code}")
    field = page.get_by_role("combobox", name="Account")
    page.route("**/account/lookup/*exact=1*", lambda route: None)
    field.fill("customer-0")
    with page.expect_request("**/account/lookup/*exact=1*"):
        field.press("Tab")
    with page.expect_event("requestfailed"):
        field.fill("customer-x")


def test_the_chart_folds_by_keyboard(visit: Visit, shop: Shop) -> None:
    services.account_create(
        book=shop.book, asset=shop.asset, type="asset", code="till", path="assets:till", name="Till"
    )
    page = visit.go(f"/admin/ledger/account/tree/?book={shop.book.code}")
    leaf, branch = page.get_by_role("link", name="till"), page.locator("summary").filter(has_text="assets")
    expect(leaf).to_be_visible()
    branch.press("Enter")
    expect(leaf).to_be_hidden()
    branch.press(" ")
    expect(leaf).to_be_visible()


def paths(shop: Shop) -> list[str]:
    """Every page of the ledger."""
    book = shop.book
    account: Account = shop.customers[0]
    transfer = Transfer.objects.filter(book_id=book.pk)[0]
    journal = Journal.objects.get(book_id=book.pk)
    held = Hold.objects.filter(book_id=book.pk)[0]
    limit = RoleLimit.objects.get(account__book=book)
    lists = [f"{model}/?book={book.code}" for model in ("account", "transfer", "journal", "hold")]
    commands = [f"account/{account.pk}/{each}/" for each in ("change", "edit", "floor", "freeze", "close")]
    return [
        *("", "ledger/", "ledger/book/", f"ledger/book/{book.pk}/change/", f"ledger/book/{book.pk}/close/"),
        *("ledger/book/add/", "ledger/asset/", "ledger/asset/add/", f"ledger/asset/{shop.asset.pk}/change/"),
        *(f"ledger/{each}" for each in (*lists, *commands)),
        *(f"ledger/transfer/{transfer.pk}/change/", f"ledger/transfer/?book={book.code}&account=cash"),
        *("ledger/account/add/", f"ledger/account/tree/?book={book.code}", "ledger/transfer/?book=nowhere"),
        *(f"ledger/journal/{journal.pk}/{each}/" for each in ("change", "reverse")),
        *("ledger/journal/add/", f"ledger/book/trial-balance/?book={book.code}"),
        *(f"ledger/hold/{held.pk}/{each}/" for each in ("change", "post", "void")),
        *("ledger/rolelimit/", "ledger/rolelimit/add/", f"ledger/rolelimit/{limit.pk}/change/"),
        *(f"ledger/rolelimit/{limit.pk}/remove/", "kernel/event/"),
    ]


def test_every_page_can_be_read_by_everybody_and_breaks_no_policy(visit: Visit, shop: Shop) -> None:
    found: dict[str, Any] = {}
    for path in paths(shop):
        visit.go(f"/admin/{path}")
        found |= {f"{path}: {what}": where for what, where in unreadable(visit.page).items()}
    assert found == {}
    assert visit.complaints == []


def test_on_a_telephone_a_field_is_as_high_as_what_it_says(visit: Visit, shop: Shop) -> None:
    [transfer] = post(shop.book, give(*shop.pair, 1))
    visit.page.set_viewport_size({"width": 390, "height": 800})
    page = visit.go(f"/admin/ledger/transfer/{transfer.id}/change/")
    heights = page.locator(".form-multiline > div").evaluate_all("fields => fields.map(field => field.offsetHeight)")
    assert len(heights) > 4
    assert max(heights) < 90
    assert (fact(page, "journal"), fact(page, "origin")) == (DASH, DASH)


def test_errors_can_be_read_by_everybody(visit: Visit, shop: Shop) -> None:
    page = visit.go(f"/admin/ledger/journal/add/?book={shop.book.code}")
    page.locator("#id_lines-0-account").fill(f"nobody-{uuid4()}")
    visit.press("Preview")
    assert page.locator("#lines .errorlist").all_inner_texts() == [
        "The book has no account of this code.",
        "The amount is missing.",
    ]
    field = page.locator("#id_lines-0-account")
    assert (field.get_attribute("aria-invalid"), field.get_attribute("aria-describedby")) == (
        "true",
        "id_lines-0-account_error",
    )
    assert violations(page) == {}
    assert page.evaluate("document.documentElement.lang") == settings.LANGUAGE_CODE
