"""The inbox, a request's page, the decisions, and the number in the header."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.access import approvals
from qenex.access.approvals import inbox
from qenex.access.approvals.policies import CHANGE
from qenex.access.models import Approval, ApprovalPolicy, BookScope
from qenex.kernel.ids import uuid7
from tests.ledger.admin.conftest import errors, rows, text
from tests.support.approvals import CHECKER, DOER, NOTE, asked, notes, policy
from tests.support.marked import marked
from tests.support.people import make_user, staff_client

pytestmark = pytest.mark.usefixtures("database")
INBOX = "/admin/access/approval/"
POLICIES = "/admin/access/approvalpolicy/"
SEE = "access.view_approval"
SET = tuple(f"access.{action}_approvalpolicy" for action in ("view", "add", "change"))


@pytest.fixture(autouse=True)
def no_policies_for_notes(database: None) -> None:
    """Those that other tests have made are gone."""
    with marked():
        ApprovalPolicy.objects.filter(command=NOTE).delete()


@pytest.fixture
def ann(database: None) -> User:
    return make_user(permissions=(DOER, SEE))


@pytest.fixture
def bea(database: None) -> User:
    return make_user(permissions=(*CHECKER, SEE))


def page(approval: Approval) -> str:
    return f"{INBOX}{approval.pk}/change/"


def send(client: Client, approval: Approval, decision: str, **fields: Any) -> str:
    """Posts a decision and returns what the site says then."""
    data = {"version": "1", **fields}
    answer = client.post(f"{INBOX}{approval.pk}/{decision}/", data, follow=True)
    assert answer.redirect_chain[-1][0] == page(approval)
    found = re.search(r'<ul class="messagelist">(.*?)</ul>', answer.content.decode(), re.DOTALL)
    return text(found[1]) if found else ""


def status(approval: Approval) -> str:
    return Approval.objects.get(pk=approval.pk).status


def number(client: Client) -> str | None:
    """What the header says; none where the number is hidden."""
    found = re.search(
        r'<span class="approvals-count"( hidden)?>(.*?)</a>', client.get("/admin/").content.decode(), re.DOTALL
    )
    return None if found is None or found[1] else text(found[2])


# --- the number


def test_the_header_counts_what_one_may_decide_about(ann: User, bea: User) -> None:
    inbox.forget()
    browser, maker = staff_client(bea), staff_client(ann)
    before = inbox.waiting(bea)
    first = asked(ann, uuid7().hex)
    asked(ann, uuid7().hex)
    assert number(browser) == f"{before + 2} waiting for you"
    assert browser.get(f"{INBOX}waiting/").json() == {"waiting": before + 2}
    assert number(maker) is None
    assert 'class="approvals-link">Approvals' in maker.get("/admin/").content.decode()
    assert maker.get(f"{INBOX}waiting/").status_code == 403
    approvals.reject(approval=first.pk, by=bea, comment="no")
    assert number(browser) == f"{before + 1} waiting for you"


def test_who_has_no_part_in_it_sees_no_way_there() -> None:
    stranger = staff_client(make_user())
    assert "approvals-link" not in stranger.get("/admin/").content.decode()
    assert stranger.get(INBOX).status_code == 403


def test_the_number_is_of_the_books_in_reach_and_of_the_permissions(ann: User) -> None:
    asked(ann, uuid7().hex)
    narrow, other = make_user(permissions=CHECKER), make_user(permissions=("access.check_approval",))
    with marked():
        BookScope.objects.create(user=narrow, book_id=uuid7())
    assert (inbox.waiting(narrow), inbox.waiting(other)) == (0, 0)


def test_what_was_counted_serves_everybody_for_a_moment(bea: User, django_assert_num_queries: Any) -> None:
    inbox.forget()
    inbox.waiting(bea)
    bea.has_perms(CHECKER)
    with django_assert_num_queries(0):
        assert inbox.groups() is inbox.groups()


# --- the inbox


def test_the_inbox_shows_what_waits_for_me_and_what_i_asked_for(ann: User, bea: User) -> None:
    made = asked(ann, uuid7().hex)
    browser, maker = staff_client(bea), staff_client(ann)
    shown = [row for row in rows(browser.get(INBOX)) if ann.username in row]
    assert [(row[1], row[2], row[4]) for row in shown] == [("Write a note", "Writes a note: text → hello", "pending")]
    assert [row[3] for row in rows(maker.get(INBOX))] == [ann.username]
    assert [row[3] for row in rows(browser.get(INBOX, {"show": "mine"}))] == []
    approvals.reject(approval=made.pk, by=bea, comment="no")
    assert [row for row in rows(browser.get(INBOX)) if ann.username in row] == []
    assert [row[4] for row in rows(maker.get(INBOX))] == ["rejected"]


def test_the_inbox_is_filtered_and_says_when_it_is_empty(ann: User, bea: User) -> None:
    asked(ann, uuid7().hex)
    maker = staff_client(ann)
    for query, count in (
        ({"show": "mine", "status": "pending"}, 1),
        ({"show": "mine", "status": "rejected"}, 0),
        ({"show": "mine", "command": NOTE}, 1),
        ({"show": "mine", "command": CHANGE}, 0),
        ({"show": "mine", "text": "why not"}, 1),
        ({"show": "mine", "text": "nobody at all"}, 0),
        ({"show": "all", "text": ann.username}, 1),
        ({"show": "odd"}, 0),
    ):
        assert (query, len(rows(maker.get(INBOX, query)))) == (query, count)
    nothing = maker.get(INBOX, {"show": "mine", "status": "rejected"}).content.decode()
    assert "Nothing matches these filters." in nothing
    empty = staff_client(make_user(permissions=(*CHECKER, SEE, "kernel.view_event")))
    assert "You have asked for nothing yet." in empty.get(INBOX, {"show": "mine"}).content.decode()


# --- deciding


def test_a_request_is_looked_at_and_approved(ann: User, bea: User) -> None:
    made, browser = asked(ann, id := uuid7().hex), staff_client(bea)
    shown = browser.get(page(made)).content.decode()
    assert '<td class="amount after">hello</td>' in shown
    assert bytes(made.payload_hash).hex() in shown
    assert "Approve and carry out" in shown
    assert send(browser, made, "approve", comment="fine") == "Approved, and carried out."
    assert (status(made), notes(id)) == ("executed", 1)
    shown = browser.get(page(made)).content.decode()
    assert "Approve and carry out" not in shown
    assert "fine" in shown


def test_a_request_is_rejected_with_a_reason(ann: User, bea: User) -> None:
    made, browser = asked(ann, uuid7().hex), staff_client(bea)
    assert send(browser, made, "reject", comment=" ") == "Say why you reject it."
    assert status(made) == "pending"
    assert send(browser, made, "reject", comment="no receipt") == "Rejected."
    assert send(browser, made, "approve", version="2") == "It was decided before."
    assert status(made) == "rejected"


def test_ones_own_request_can_only_be_withdrawn(bea: User) -> None:
    made, browser = asked(bea, id := uuid7().hex), staff_client(bea)
    shown = browser.get(page(made)).content.decode()
    assert "Approve and carry out" not in shown
    assert "somebody else decides about it" in shown
    assert send(browser, made, "approve") == "Nobody decides about his own request."
    assert send(browser, made, "withdraw") == "Withdrawn."
    assert (status(made), notes(id)) == ("withdrawn", 0)


def test_what_fails_is_said_to_both(ann: User, bea: User) -> None:
    made = asked(ann, uuid7().hex, "refused")
    said = send(staff_client(bea), made, "approve")
    assert said == "Approved, but it failed: The text is refused."
    assert "The text is refused." in staff_client(ann).get(page(made)).content.decode()


def test_without_a_fresh_second_factor_it_is_asked_for(ann: User, bea: User) -> None:
    made, browser = asked(ann, id := uuid7().hex), staff_client(bea, stepped_up=False)
    assert "Confirm that it is you" in browser.get(page(made)).content.decode()
    for decision in ("approve", "reject"):
        answer = browser.post(f"{INBOX}{made.pk}/{decision}/", {"version": "1", "comment": "x"})
        assert answer.status_code == 302
        assert "next=" in answer["Location"]
    assert (status(made), notes(id)) == ("pending", 0)


def test_a_get_decides_nothing_and_a_forged_post_is_refused(ann: User, bea: User) -> None:
    made = asked(ann, id := uuid7().hex)
    assert staff_client(bea).get(f"{INBOX}{made.pk}/approve/")["Location"] == page(made)
    forged = staff_client(bea, enforce_csrf_checks=True)
    assert forged.post(f"{INBOX}{made.pk}/approve/", {"version": "1"}).status_code == 403
    assert (status(made), notes(id)) == ("pending", 0)


def test_strangers_neither_look_nor_decide(ann: User) -> None:
    made, teller = asked(ann, id := uuid7().hex), make_user(permissions=(DOER, SEE))
    stranger = staff_client(make_user(permissions=CHECKER))
    assert stranger.get(page(made)).status_code == 403
    for decision in ("approve", "reject", "withdraw"):
        assert staff_client(teller).post(f"{INBOX}{made.pk}/{decision}/", {"version": "1"}).status_code == 403
    assert staff_client(teller).get(f"{INBOX}{uuid7()}/change/").status_code == 404
    assert staff_client(teller).get(f"{INBOX}odd/change/").status_code == 404
    assert (status(made), notes(id)) == ("pending", 0)


def test_a_teller_without_the_right_to_look_sees_his_own() -> None:
    user = make_user(permissions=(DOER,))
    assert staff_client(user).get(page(asked(user, uuid7().hex))).status_code == 200


def test_the_history_of_a_request_is_its_events(ann: User) -> None:
    made = asked(ann, uuid7().hex)
    answer = staff_client(ann).get(f"{INBOX}{made.pk}/history/")
    assert answer["Location"] == f"/admin/kernel/event/?subject_id={made.pk}"


# --- policies


FORM = {"command": NOTE, "book": "", "asset": "", "above": "", "permission": "", "hours": "24", "reason": "because"}


def test_a_policy_is_made_changed_and_listed() -> None:
    browser = staff_client(make_user(permissions=SET))
    assert browser.get(f"{POLICIES}add/").status_code == 200
    browser.post(f"{POLICIES}add/", FORM)
    row = ApprovalPolicy.objects.get(command=NOTE)
    assert (row.active, row.expires_after.total_seconds(), row.version) == (False, 86_400, 1)
    changed = browser.post(f"{POLICIES}{row.pk}/change/", {**FORM, "hours": "48", "version": "1"})
    assert changed["Location"] == POLICIES
    stale = browser.post(f"{POLICIES}{row.pk}/change/", {**FORM, "version": "1"})
    assert errors(stale) == ["It was changed since you looked at it."]
    assert ["Write a note", "always", "every book", "the command's permission", "48 hours", "off"] in rows(
        browser.get(POLICIES)
    )
    with marked():
        row.delete()


def test_a_policy_that_makes_no_sense_is_said_so() -> None:
    browser = staff_client(make_user(permissions=SET))
    said = errors(browser.post(f"{POLICIES}add/", {**FORM, "above": "5"}))
    assert said == ["An amount and its asset go together.", "This command has no amount."]
    assert not ApprovalPolicy.objects.filter(command=NOTE).exists()


def test_who_may_only_look_at_policies_changes_none_and_nobody_deletes_one() -> None:
    row = ApprovalPolicy.objects.get(command=CHANGE)
    auditor = staff_client(make_user(permissions=("access.view_approvalpolicy",)))
    assert auditor.get(POLICIES).status_code == 200
    shown = auditor.get(f"{POLICIES}{row.pk}/change/").content.decode()
    assert "Set the policy" not in shown
    assert auditor.post(f"{POLICIES}{row.pk}/change/", {**FORM, "version": "1"}).status_code == 403
    assert auditor.get(f"{POLICIES}add/").status_code == 403
    boss = staff_client(make_user(superuser=True))
    assert boss.get(f"{POLICIES}{row.pk}/delete/").status_code == 403
    assert boss.get(f"{POLICIES}{uuid7()}/change/").status_code == 404
    narrow = make_user(permissions=SET)
    with marked():
        BookScope.objects.create(user=narrow, book_id=uuid7())
    assert staff_client(narrow).post(f"{POLICIES}add/", FORM).status_code == 403
    assert ApprovalPolicy.objects.get(pk=row.pk).version == row.version


def test_setting_a_policy_needs_a_fresh_second_factor() -> None:
    browser = staff_client(make_user(permissions=SET), stepped_up=False)
    assert "next=" in browser.post(f"{POLICIES}add/", FORM)["Location"]
    assert not ApprovalPolicy.objects.filter(command=NOTE).exists()


def test_where_a_policy_takes_two_it_is_asked_for() -> None:
    browser = staff_client(make_user(permissions=SET))
    with policy(CHANGE):
        assert "A second person must approve this" in browser.get(f"{POLICIES}add/").content.decode()
        answer = browser.post(f"{POLICIES}add/", FORM)
    made = Approval.objects.latest("created_at")
    assert (answer["Location"], made.command, made.reason) == (page(made), CHANGE, "because")
    assert not ApprovalPolicy.objects.filter(command=NOTE).exists()
