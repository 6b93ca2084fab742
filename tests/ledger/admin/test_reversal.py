"""A journal is reversed, whole or in part, and never for more than is left."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from ledger import services
from ledger.models import Balance, Journal, Transfer
from tests.ledger.admin.conftest import BASE, Staff, errors, hidden, rows, text, told
from tests.support.ledger import Shop, give


@pytest.fixture
def journal(shop: Shop) -> UUID:
    """A journal of two transfers: 30 from the first to the second customer, 20 from the first to the third."""
    one, two, three = shop.customers
    drafts = [give(one, two, 30), give(one, three, 20)]
    return services.journal_post(book=shop.book, transfers=drafts, reference="J-7", description="Wages")[0]


def page(id: UUID, command: str = "reverse") -> str:
    """The address of a journal's page or command."""
    return f"{BASE}/journal/{id}/{command}/"


def parts(journal: UUID) -> list[UUID]:
    """The transfers of a journal."""
    return list(Transfer.objects.filter(journal_id=journal).order_by("posted_at").values_list("pk", flat=True))


def reverse(client: Client, journal: UUID, *amounts: str, reason: str = "Wrong month") -> Any:
    """Opens the form and sends it with these amounts."""
    fields = {f"amount-{id}": amount for id, amount in zip(parts(journal), amounts, strict=False)}
    return client.post(page(journal), {"id": hidden(client.get(page(journal)), "id"), "reason": reason, **fields})


def balances(shop: Shop) -> list[Decimal]:
    """What the customers have."""
    return [Balance.objects.get(pk=account.pk).posted for account in shop.customers]


def test_the_form_lists_what_is_left(boss: Client, shop: Shop, journal: UUID) -> None:
    first, _ = parts(journal)
    services.journal_reverse(journal=journal, reason="A part", amounts={first: Decimal(12)})
    content = boss.get(page(journal)).content.decode()
    code = shop.asset.code
    assert f"customer-0 customer-1 30.00 12.00 18.00 {code} customer-0 customer-2 20.00 - 20.00 {code}" in text(content)
    assert f'name="amount-{first}" value="18.00"' in content


def test_all_is_reversed(boss: Client, shop: Shop, journal: UUID) -> None:
    assert balances(shop) == [50, 130, 120]
    response = reverse(boss, journal, "30.00", "20.00")
    reversal = Journal.objects.get(reverses_id=journal)
    assert (response.status_code, response["Location"]) == (302, page(reversal.pk, "change"))
    assert balances(shop) == [100, 100, 100]
    assert (reversal.kind, reversal.reference, reversal.description) == ("reversal", "J-7", "Wrong month")


def test_a_part_is_reversed_and_then_the_rest(boss: Client, shop: Shop, journal: UUID) -> None:
    assert reverse(boss, journal, "10", "").status_code == 302
    assert balances(shop) == [60, 120, 120]
    assert reverse(boss, journal, "20", "20").status_code == 302
    assert balances(shop) == [100, 100, 100]
    assert "Nothing of this journal is left to reverse." in boss.get(page(journal)).content.decode()


@pytest.mark.parametrize(
    ("amounts", "reason", "expected"),
    [
        (("30.01", ""), "x", ["More than what is left."]),
        (("", ""), "x", ["Nothing would be reversed: enter an amount."]),
        (("0", "0.00"), "x", ["Nothing would be reversed: enter an amount."]),
        (("-1", ""), "x", ["Must be a plain decimal number such as 12.34, with at most 20 digits before the point."]),
        (("10", "5"), " ", ["This field is required."]),
        (("0.001", ""), "x", ["The amount has more decimal places than the asset."]),
    ],
)
def test_what_cannot_be_reversed_says_why(
    boss: Client, shop: Shop, journal: UUID, amounts: tuple[str, str], reason: str, expected: list[str]
) -> None:
    response = reverse(boss, journal, *amounts, reason=reason)
    assert errors(response) == expected
    assert balances(shop) == [50, 130, 120]


def test_money_that_was_spent_cannot_be_taken_back(boss: Client, shop: Shop, journal: UUID) -> None:
    services.transfers_post(book=shop.book, transfers=[give(shop.customers[1], shop.cash, 120)])
    response = reverse(boss, journal, "30", "20")
    assert errors(response) == ["The available balance would fall below the account's floor."]
    assert balances(shop) == [50, 10, 120]


def test_a_form_sent_twice_reverses_once(boss: Client, shop: Shop, journal: UUID) -> None:
    first, _ = parts(journal)
    sent = {"id": hidden(boss.get(page(journal)), "id"), "reason": "Twice", f"amount-{first}": "5"}
    locations = [boss.post(page(journal), sent)["Location"] for _ in range(2)]
    assert locations[0] == locations[1]
    assert balances(shop) == [55, 125, 120]


def test_a_long_journal_is_reversed_as_a_whole(
    boss: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch, journal: UUID
) -> None:
    monkeypatch.setattr("ledger.admin.reversal.EDITABLE", 1)
    assert "it can only be reversed as a whole" in boss.get(page(journal)).content.decode()
    assert reverse(boss, journal).status_code == 302
    assert balances(shop) == [100, 100, 100]


def test_the_page_shows_transfers_and_reversals(boss: Client, shop: Shop, journal: UUID) -> None:
    reverse(boss, journal, "10", "")
    reversal = Journal.objects.get(reverses_id=journal)
    content = boss.get(page(journal, "change")).content.decode()
    code = shop.asset.code
    assert f"customer-0 customer-1 30.00 {code} posted" in text(content)
    assert page(reversal.pk, "change") in content
    assert page(journal) in content
    content = boss.get(page(reversal.pk, "change")).content.decode()
    assert f"customer-1 customer-0 10.00 {code} reversal" in text(content)
    assert page(reversal.pk) not in content


def test_journals_are_listed_and_filtered(boss: Client, shop: Shop, journal: UUID) -> None:
    reverse(boss, journal, "10", "")
    query = {"book": shop.book.code}
    kinds = [row[1:4] for row in rows(boss.get(f"{BASE}/journal/", query))]
    assert kinds == [["reversal", "J-7", "Wrong month"], ["entry", "J-7", "Wages"]]
    assert len(rows(boss.get(f"{BASE}/journal/", query | {"kind": "entry"}))) == 1
    assert len(rows(boss.get(f"{BASE}/journal/", query | {"reference": "J-7", "since": "2020-01-01"}))) == 2
    assert rows(boss.get(f"{BASE}/journal/", query | {"reference": "J-8"})) == []


def test_looking_is_not_reversing(shop: Shop, journal: UUID, staff: Staff) -> None:
    client = staff("view_journal", "post_journal")
    assert client.get(page(journal)).status_code == 403
    assert client.post(page(journal), {"reason": "x"}).status_code == 403
    assert balances(shop) == [50, 130, 120]


def test_history_leads_to_the_journals_events(boss: Client, shop: Shop, journal: UUID) -> None:
    response = boss.get(page(journal, "history"), follow=True)
    assert told(response) == ["ledger.transfers.posted"]
