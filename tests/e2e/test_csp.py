"""Every page lives with the policy that it is sent: a real browser enforces it, and has nothing to complain of."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin

from ledger import services
from tests.e2e.conftest import Visit, expect
from tests.support.ledger import Shop, give, hold, make_shop, post

LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@pytest.fixture
def shop(database: None) -> Shop:
    """A book with something on every list."""
    shop = make_shop(3, funds="100")
    one, two, three = shop.customers
    assert all(result.ok for result in post(shop.book, give(one, two, 7), hold(one, three, 60)))
    services.journal_post(book=shop.book, transfers=[give(one, two, 10), give(one, three, 5)], reference="J-1")
    return shop


@pytest.fixture
def strict(visit: Visit, shop: Shop) -> Iterator[Visit]:
    """The visit, which ends well only if the browser refused nothing and complained of nothing."""
    visit.page.context.add_init_script(LISTEN)
    yield visit
    assert visit.complaints == []


def settled(visit: Visit) -> None:
    """Waits until the page has loaded all it wants; nothing of it was refused."""
    visit.page.wait_for_load_state("networkidle")
    assert visit.page.evaluate("window.violations") == [], visit.page.url


admin.autodiscover()
LISTS = {
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/": shown for model, shown in admin.site._registry.items()
}


@pytest.mark.parametrize("page", sorted(LISTS))
def test_a_list_its_first_object_and_its_form(strict: Visit, shop: Shop, page: str) -> None:
    by_book = getattr(LISTS[page], "filter_form", None) is not None
    strict.page.goto(strict.address + page + (f"?book={shop.book.code}" if by_book else ""))
    settled(strict)
    first = strict.page.locator("#result_list tbody th a, #result_list tbody td a").first
    if first.count():
        strict.follow(first)
        settled(strict)
        strict.page.go_back()
    add = strict.page.locator(".object-tools a.addlink")
    if add.count():
        strict.follow(add.first)
        settled(strict)


def test_every_command_page_of_an_account_and_of_a_hold(strict: Visit, shop: Shop) -> None:
    for start in (f"/admin/ledger/account/{shop.cash.pk}/change/", f"/admin/ledger/hold/?book={shop.book.code}"):
        strict.go(start)
        if "hold" in start:
            strict.follow(strict.page.locator("#result_list tbody a").first)
        settled(strict)
        page = strict.page.url
        buttons = strict.page.locator(".object-tools a")
        for address in [buttons.nth(number).get_attribute("href") for number in range(buttons.count())]:
            strict.page.goto(page)
            strict.follow(strict.page.locator(f'.object-tools a[href="{address}"]'))
            settled(strict)


def test_the_start_page_its_theme_and_the_password(strict: Visit) -> None:
    strict.go("/admin/")
    strict.page.locator("#header .theme-toggle").first.click()
    settled(strict)
    strict.go("/admin/password_change/")
    settled(strict)


def test_signing_out(strict: Visit) -> None:
    strict.go("/admin/")
    strict.follow(strict.page.locator("#logout-form button"))
    settled(strict)


@pytest.mark.parametrize("page", ["/admin/nothing/", "/nothing", "/api/v1/problems/", "/api/v1/problems/busy"])
def test_pages_of_errors(strict: Visit, page: str) -> None:
    answer = strict.page.goto(strict.address + page)
    settled(strict)
    if answer.status == 404:  # Chromium writes each 404 to the console
        assert [said for said in strict.complaints if "404" not in said] == []
        strict.complaints.clear()


def test_the_description_of_the_api_opens_and_can_be_tried(strict: Visit) -> None:
    """An operation is unfolded, and asked for real with the session."""
    strict.go("/api/v1/docs")
    operation = strict.page.locator('.opblock-get:has([data-path="/api/v1/books"])')
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    status = operation.locator(".live-responses-table tr.response .response-col_status").first
    expect(status).to_have_text(re.compile(r"^200"), use_inner_text=True)
    settled(strict)


def test_the_description_has_no_script_and_no_style_of_its_own(strict: Visit) -> None:
    strict.go("/api/v1/docs")
    strict.page.locator(".opblock").first.wait_for()
    assert strict.page.locator("script:not([src])").count() == 0
    sources: Any = strict.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [source for source in sources if not source.startswith((strict.address, "data:"))] == []
    settled(strict)


def test_the_policy_lets_a_websocket_of_the_same_origin_be_tried_and_no_other(strict: Visit) -> None:
    """`connect-src 'self'` covers ws: on the page's own host, which nobody answers here, and not another one."""
    strict.go("/admin/")
    tried = """(address) => new Promise((done) => {
        const socket = new WebSocket(address);
        socket.onerror = () => setTimeout(() => done(window.violations.length), 50);
    })"""
    assert strict.page.evaluate(tried, strict.address.replace("http", "ws") + "/ws/events") == 0
    assert strict.page.evaluate(tried, "ws://localhost:9/ws/events") == 1
    assert strict.page.evaluate("window.violations.splice(0)")[0].startswith("connect-src ws://localhost:9")
    strict.complaints.clear()


def test_code_that_gets_into_a_page_does_not_run(strict: Visit) -> None:
    strict.go("/admin/")
    strict.page.evaluate("""() => new Promise((failed) => {
        document.body.insertAdjacentHTML("beforeend", "<img src='/nothing' onerror='window.ran = true'>");
        document.body.lastElementChild.addEventListener("error", failed);
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
    }).then(() => null)""")
    assert strict.page.evaluate("window.ran") is None
    assert len(strict.page.evaluate("window.violations.splice(0)")) == 2
    strict.complaints.clear()
