"""Accountants write journals: nothing is posted unseen, nothing typed is lost, each error stands at its line."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from ledger import services
from ledger.models import Balance, Journal, Transfer
from tests.ledger.admin.conftest import BASE, Staff, errors, hidden, text
from tests.support.ledger import Shop, make_account, make_asset
from tests.support.marked import marked

URL = f"{BASE}/journal/add/"
Lines = Sequence[tuple[str, str, str]]


def form(shop: Shop, lines: Lines, **fields: str) -> dict[str, str]:
    """What the browser sends."""
    sent = {"book": shop.book.code, "reference": "", "description": "", "value_date": "", "code": "1"}
    sent |= {"lines-TOTAL_FORMS": str(len(lines)), "lines-INITIAL_FORMS": "0"}
    for number, (account, debit, credit) in enumerate(lines):
        sent |= {
            f"lines-{number}-{name}": value
            for name, value in zip(("account", "debit", "credit"), (account, debit, credit), strict=True)
        }
    return sent | fields


def preview(client: Client, shop: Shop, lines: Lines, **fields: str) -> Any:
    """Opens the form, fills it in, and asks for the preview."""
    identifier = hidden(client.get(URL), "id")
    return client.post(URL, form(shop, lines, **{"id": identifier, "_preview": "1", **fields}))


def post(client: Client, shop: Shop, lines: Lines, seen: Any, **fields: str) -> Any:
    """Posts what the preview showed, or something else."""
    marks = {name: hidden(seen, name) for name in ("id", "previewed")}
    return client.post(URL, form(shop, lines, **marks, **{"_post": "1", **fields}))


def preview_rows(response: Any) -> list[str]:
    """The rows of the preview, as text."""
    page = response.content.decode()
    if 'id="preview"' not in page:
        return []
    body = page.partition('id="preview"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    return [text(row) for row in body.split("</tr>")[:-1]]


SPLIT = [("customer-0", "70", ""), ("customer-1", "30.50", ""), ("customer-2", "", "100.5"), ("", "", "")]


def test_the_preview_shows_the_transfers_and_posts_nothing(boss: Client, shop: Shop) -> None:
    response = preview(boss, shop, SPLIT)
    code = shop.asset.code
    assert preview_rows(response) == [
        f"customer-0 customer-2 70.00 {code} 30.00 170.00",
        f"customer-1 customer-2 30.50 {code} 69.50 200.50",
    ]
    assert errors(response) == []
    assert b"Post the journal" in response.content
    assert not Journal.objects.filter(book_id=shop.book.pk).exists()


def test_what_was_previewed_is_posted(boss: Client, shop: Shop) -> None:
    fields = {"reference": "R-1", "description": "Shared lunch", "value_date": "2026-03-31", "code": "77"}
    response = post(boss, shop, SPLIT, preview(boss, shop, SPLIT, **fields), **fields)
    journal = Journal.objects.get(book_id=shop.book.pk)
    assert (response.status_code, response["Location"]) == (302, f"{BASE}/journal/{journal.pk}/change/")
    assert (journal.reference, journal.description, journal.kind) == ("R-1", "Shared lunch", "entry")
    first, second, third = (account.pk for account in shop.customers)
    written = Transfer.objects.filter(journal_id=journal.pk).order_by("posted_at")
    fields_written = ("debit_account_id", "credit_account_id", "amount", "code", "reference", "value_date")
    day = written[0].value_date
    assert day.isoformat() == "2026-03-31"
    assert list(written.values_list(*fields_written)) == [
        (first, third, Decimal("70"), 77, "R-1", day),
        (second, third, Decimal("30.5"), 77, "R-1", day),
    ]
    assert Balance.objects.get(pk=third).posted == Decimal("200.5")


def test_nothing_is_posted_without_a_preview(boss: Client, shop: Shop) -> None:
    identifier = hidden(boss.get(URL), "id")
    response = boss.post(URL, form(shop, SPLIT, id=identifier, _post="1"))
    assert len(preview_rows(response)) == 2
    assert not Journal.objects.filter(book_id=shop.book.pk).exists()


def test_what_was_changed_after_its_preview_is_previewed_again(boss: Client, shop: Shop) -> None:
    seen = preview(boss, shop, SPLIT)
    other = [("customer-0", "71", ""), ("customer-1", "29.50", ""), ("customer-2", "", "100.5")]
    response = post(boss, shop, other, seen)
    assert "The journal was changed after its preview." in response.content.decode()
    assert preview_rows(response)[0].startswith("customer-0 customer-2 71.00")
    assert not Journal.objects.filter(book_id=shop.book.pk).exists()
    assert post(boss, shop, other, response).status_code == 302


def test_a_form_sent_twice_posts_once(boss: Client, shop: Shop) -> None:
    lines = [("customer-0", "100", ""), ("customer-1", "", "100")]
    seen = preview(boss, shop, lines)
    first, second = (post(boss, shop, lines, seen) for _ in range(2))
    assert (first.status_code, second.status_code, first["Location"]) == (302, 302, second["Location"])
    assert Transfer.objects.filter(journal_id__isnull=False, book_id=shop.book.pk).count() == 1


def test_going_back_and_changing_a_posted_form_writes_another_journal(boss: Client, shop: Shop) -> None:
    lines = [("customer-0", "10", ""), ("customer-1", "", "10")]
    seen = preview(boss, shop, lines)
    post(boss, shop, lines, seen)
    again = boss.post(URL, form(shop, lines, id=hidden(seen, "id"), _preview="1"))
    assert hidden(again, "id") != hidden(seen, "id")
    assert post(boss, shop, lines, again).status_code == 302
    assert Journal.objects.filter(book_id=shop.book.pk).count() == 2


def test_several_assets_balance_each_for_itself(boss: Client, shop: Shop) -> None:
    gold = make_asset(8)
    vault, owner = (make_account(shop.book, gold, "asset", code=code) for code in ("vault", "owner"))
    lines = [("customer-0", "5", ""), ("vault", "0.00000001", ""), ("customer-1", "", "5"), ("owner", "", "0.00000001")]
    assert post(boss, shop, lines, preview(boss, shop, lines)).status_code == 302
    assert Balance.objects.get(pk=vault.pk).posted == Decimal("0.00000001")
    assert Balance.objects.get(pk=owner.pk).posted == Decimal("-0.00000001")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ["The journal has no lines yet."]),
        (
            [("customer-0", "5", ""), ("customer-1", "", "4.99")],
            ["The journal does not balance: 0.01 {asset} too much on the debit side."],
        ),
        (
            [("customer-0", "", "7"), ("customer-1", "5", "")],
            ["The journal does not balance: 2.00 {asset} too much on the credit side."],
        ),
        ([("nobody", "5", ""), ("customer-1", "", "5")], ["The book has no account of this code."]),
        ([("customer-0", "", ""), ("customer-1", "", "5")], ["The amount is missing."]),
        ([("", "5", ""), ("customer-1", "", "5")], ["This field is required."]),
        ([("customer-0", "5", "5"), ("customer-1", "", "5")], ["A line has a debit or a credit, not both."]),
        ([("customer-0", "0", ""), ("customer-1", "", "0.00")], ["The amount must be more than zero."] * 2),
        ([("customer-0", "0.001", ""), ("customer-1", "", "0.001")], ["{asset} has 2 decimal places."] * 2),
        (
            [("customer-0", "1e3", ""), ("customer-1", "", "-5")],
            ["Must be a plain decimal number such as 12.34, with at most 20 digits before the point."] * 2,
        ),
        (
            [("customer-0", "5", ""), ("customer-0", "", "5")],
            ["This account is debited and credited for more than the other lines can meet: net its lines."] * 2,
        ),
        (
            [("customer-0", "100.01", ""), ("customer-1", "", "100.01")],
            ["The available balance would fall below the account's floor."] * 2,
        ),
    ],
)
def test_an_error_is_told_where_it_is_and_nothing_typed_is_lost(
    boss: Client, shop: Shop, lines: Lines, expected: list[str]
) -> None:
    response = preview(boss, shop, lines, reference="R-2", description="Keep me")
    assert errors(response) == [each.format(asset=shop.asset.code) for each in expected]
    page = response.content.decode()
    assert 'value="R-2"' in page
    assert "Keep me" in page
    assert "Post the journal" not in page
    for number, line in enumerate(lines):
        for name, value in zip(("account", "debit", "credit"), line, strict=True):
            assert not value or f'name="lines-{number}-{name}" value="{value}"' in page
    assert not Journal.objects.filter(book_id=shop.book.pk).exists()


def test_thousands_may_be_set_apart(boss: Client, shop: Shop) -> None:
    lines = [("cash", "1,234,567.89", ""), ("customer-1", "", "1 234 567.89")]
    assert post(boss, shop, lines, preview(boss, shop, lines)).status_code == 302
    assert Balance.objects.get(pk=shop.customers[1].pk).posted == Decimal("1234667.89")


def test_a_frozen_account_is_told_beside_its_line(boss: Client, shop: Shop) -> None:
    services.account_update(account=shop.customers[0], status="frozen")
    response = preview(boss, shop, [("customer-0", "5", ""), ("customer-1", "", "5")])
    assert errors(response) == ["One of the accounts is frozen."] * 2
    assert "refused" in preview_rows(response)[0]


def test_what_changed_since_the_preview_refuses_the_posting_beside_its_line(
    boss: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [("customer-0", "100", ""), ("customer-1", "", "100")]
    seen = preview(boss, shop, lines)
    services.account_update(account=shop.customers[1], status="frozen")
    monkeypatch.setattr("ledger.admin.entry.make_plan", _unrehearsed)
    response = post(boss, shop, lines, seen)
    assert errors(response) == ["One of the accounts is frozen."] * 2
    assert not Journal.objects.filter(book_id=shop.book.pk).exists()


def _unrehearsed(head: Any, lines: Any) -> Any:
    """A plan as it looks to somebody whose rehearsal ran before the account was frozen."""
    from ledger.admin import plans

    plan = plans.make_plan(head, lines)
    assert plan is not None
    for each in plan.lines:
        each.errors.clear()
    return plan._replace(outcomes=[outcome._replace(refusal="") for outcome in plan.outcomes])


def test_a_limit_that_holds_is_in_the_preview(boss: Client, shop: Shop) -> None:
    services.limit_create(account=shop.customers[1], maximum=Decimal(50), verdict="hold")
    lines = [("customer-0", "60", ""), ("customer-1", "", "60")]
    seen = preview(boss, shop, lines)
    assert preview_rows(seen)[0].endswith("will be held more than the account's limit of 50")
    response = post(boss, shop, lines, seen)
    assert response.status_code == 302
    assert Balance.objects.get(pk=shop.customers[1].pk).pending_in == Decimal(60)


def test_a_role_limit_refuses(shop: Shop, staff: Staff) -> None:
    from django.contrib.auth.models import User

    client = staff("post_journal", "view_journal")
    with marked():
        role = Group.objects.create(name=f"clerks of {shop.book.code}")
        User.objects.get(pk=client.session["_auth_user_id"]).groups.add(role)
    services.limit_create(role=role, maximum=Decimal(50))
    response = preview(client, shop, [("customer-0", "60", ""), ("customer-1", "", "60")])
    assert errors(response) == ["More than the role's limit of 50"] * 2


def test_more_lines_keep_what_was_typed(boss: Client, shop: Shop) -> None:
    identifier = hidden(boss.get(URL), "id")
    response = boss.post(URL, form(shop, [("customer-0", "5", "")], id=identifier, reference="R-3", _more="1"))
    page = response.content.decode()
    assert errors(response) == []
    assert 'name="lines-0-account" value="customer-0"' in page
    assert 'name="lines-5-account"' in page
    assert 'value="R-3"' in page


def test_only_who_may_post_journals_sees_the_form(shop: Shop, staff: Staff) -> None:
    client = staff("view_journal", "add_journal", "post_transfer")
    assert client.get(URL).status_code == 403
    assert client.post(URL, form(shop, SPLIT, _post="1")).status_code == 403


def test_a_closed_book_takes_no_journal(boss: Client, shop: Shop) -> None:
    services.book_update(book=shop.book, status="closed")
    assert (
        errors(preview(boss, shop, [("customer-0", "5", ""), ("customer-1", "", "5")])) == ["The book is closed."] * 2
    )


def test_ids_of_the_transfers_follow_from_the_journal(boss: Client, shop: Shop) -> None:
    seen = preview(boss, shop, SPLIT)
    post(boss, shop, SPLIT, seen)
    journal = UUID(hidden(seen, "id"))
    written = Transfer.objects.filter(journal_id=journal).order_by("posted_at").values_list("pk", flat=True)
    assert list(written) == [UUID(int=journal.int ^ 1), UUID(int=journal.int ^ 2)]
