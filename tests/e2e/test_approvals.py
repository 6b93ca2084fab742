"""Two people in two browsers: one asks for a reversal, the other one sees it come, looks what it does, and approves."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from ledger import services
from ledger.models import Journal
from qenex.access import approvals
from qenex.access.approvals import inbox
from qenex.access.models import Approval, ApprovalPolicy
from qenex.kernel import clock
from tests.e2e.conftest import Enter, Visit, expect
from tests.e2e.reading import unreadable
from tests.support.approvals import by, policy
from tests.support.ledger import Shop, give, make_shop, posted
from tests.support.marked import marked
from tests.support.people import make_user

LEDGER = (
    *(f"ledger.view_{each}" for each in ("account", "book", "hold", "journal", "transfer")),
    *("ledger.reverse_journal", "ledger.post_journal", "access.view_approval", "kernel.view_event"),
)
PEOPLE = ("auth.view_user", "auth.change_user", "auth.add_group", "access.change_bookscope")
CHECKER = (*LEDGER, "access.check_approval", "access.view_approvalpolicy", "access.change_approvalpolicy", *PEOPLE)


@pytest.fixture
def shop(database: None) -> Shop:
    """A book whose first customer has paid the second one 30."""
    shop = make_shop(2, funds="100")
    services.journal_post(book=shop.book, transfers=[give(*shop.pair, 30)], reference="J-1")
    return shop


def message(visit: Visit) -> str:
    """What the site says after a command."""
    return str(visit.page.locator(".messagelist").inner_text()).strip()


def test_a_reversal_by_two_people_in_two_browsers(enter: Enter, shop: Shop) -> None:
    ann, bea = make_user(permissions=LEDGER), make_user(permissions=CHECKER)
    maker, checker = enter(ann), enter(bea)
    inbox.forget()
    waiting = inbox.waiting(bea)
    journal = Journal.objects.get(book_id=shop.book.pk)
    with policy("ledger.journal.reverse", book_id=shop.book.pk):
        checker.go("/admin/")
        badge = checker.page.locator(".approvals-number")
        assert badge.inner_text() == str(waiting) if waiting else badge.is_hidden()

        page = maker.go(f"/admin/ledger/journal/{journal.pk}/reverse/")
        assert page.locator(".approval-note").inner_text() == (
            "A second person must approve this: it will be requested, not done."
        )
        page.get_by_label("Reason:").fill("Paid twice")
        maker.press("Post the reversal")
        assert message(maker) == "Nothing was done yet: a second person must approve it. The request was sent."
        assert page.get_by_role("button", name="Approve and carry out").count() == 0
        assert posted(shop.customers[0]) == 70

        page = checker.page
        page.evaluate("window.dispatchEvent(new Event('focus'))")  # as whoever comes back to the window
        number = page.locator(".approvals-count:not([hidden]) .approvals-number")
        expect(number).to_have_text(str(waiting + 1), use_inner_text=True)
        checker.follow(page.locator(".approvals-link"))
        checker.follow(page.locator("tr", has_text=ann.username).locator("th a"))
        cells = page.locator("#content table tbody tr").all_inner_texts()
        assert [cell.split("\t") for cell in cells] == [
            ["customer-0: balance", f"70.00 {shop.asset}", f"100.00 {shop.asset}"],
            ["customer-1: balance", f"130.00 {shop.asset}", f"100.00 {shop.asset}"],
        ]
        assert "Paid twice" in page.locator("#content").inner_text()
        page.get_by_label("Comment").fill("Seen the receipt")
        checker.press("Approve and carry out")
        assert message(checker) == "Approved, and carried out."

    assert [posted(each) for each in shop.customers] == [100, 100]
    reversal = Journal.objects.get(reverses_id=journal.pk)
    assert Approval.objects.get(result=str(reversal.pk)).approver_id == bea.pk
    maker.page.reload()
    assert maker.page.locator(".approval-state").inner_text() == "approved and carried out"
    assert "Seen the receipt" in maker.page.locator("#content").inner_text()
    assert (maker.complaints, checker.complaints) == ([], [])


def paths(shop: Shop, checker: User) -> list[str]:
    """The pages of approvals, with a request in each of the states that look different."""
    ann = make_user(permissions=LEDGER)
    [journal] = Journal.objects.filter(book_id=shop.book.pk)
    found: list[str] = []
    for state in ("pending", "changed", "failing", "rejected", "own"):
        with policy("ledger.journal.reverse", book_id=shop.book.pk), by(checker if state == "own" else ann):
            try:
                services.journal_reverse(journal=journal.pk, reason=f"{state}: a reason that is somewhat longer")
            except approvals.ApprovalRequired as needed:
                made = approvals.request(
                    command=needed.command, payload=needed.payload, reason=needed.reason, book=needed.book
                )
        found.append(f"approval/{made.pk}/change/")
        if state == "rejected":
            approvals.reject(approval=made.pk, by=checker, comment="There is no receipt for it.")
        if state == "changed":
            services.transfers_post(book=shop.book, transfers=[give(*shop.pair, 1)])
    with marked():
        off = ApprovalPolicy.objects.create(
            command="ledger.transfer.post",
            asset_id=shop.asset.pk,
            above=10_000,
            book_id=shop.book.pk,
            active=False,
            expires_after=timedelta(hours=9),
            created_at=clock.now(),
        )
    lists = ["approval/", "approval/?show=mine", "approval/?show=all", "approval/?show=all&text=nobody"]
    people = [f"auth/user/{ann.pk}/{each}/" for each in ("change", "roles")]
    own = [*lists, *found, "approvalpolicy/", f"approvalpolicy/{off.pk}/change/"]
    return [*people, "auth/group/add/", *(f"access/{each}" for each in own)]


def test_every_page_can_be_read_by_everybody_and_breaks_no_policy(enter: Enter, shop: Shop) -> None:
    bea = make_user(permissions=CHECKER)
    visit = enter(bea)
    found: dict[str, Any] = {}
    for path in paths(shop, bea):
        visit.go(f"/admin/{path}")
        found |= {f"{path}: {what}": where for what, where in unreadable(visit.page).items()}
    assert found == {}
    assert visit.complaints == []
