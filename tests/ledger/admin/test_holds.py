"""Holds: the open ones first, and what staff may do with them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.test import Client

from ledger.domain.drafts import Kind, TransferDraft
from ledger.models import Balance, Hold, Transfer
from qenex.kernel.models import Event
from tests.ledger.admin.conftest import BASE, Staff, errors, hidden, rows, text
from tests.support.ledger import Shop, hold, on, post

LIST = f"{BASE}/hold/"


def page(id: UUID, command: str = "change") -> str:
    """The address of a hold's page or command."""
    return f"{LIST}{id}/{command}/"


def make(shop: Shop, amount: int = 60, **fields: Any) -> TransferDraft:
    """A hold from the first customer to the second."""
    held = hold(shop.customers[0], shop.customers[1], amount, **fields)
    post(shop.book, held)
    return held


def send(client: Client, id: UUID, command: str, **fields: str) -> Any:
    """Opens the command's form and sends it."""
    url = page(id, command)
    return client.post(url, {"id": hidden(client.get(url), "id"), "reason": "Told so", **fields})


def available(shop: Shop) -> list[Decimal]:
    """What the first two customers may spend."""
    return [Balance.objects.get(pk=account.pk).available for account in shop.customers[:2]]


def test_open_holds_are_listed_and_others_on_demand(boss: Client, shop: Shop) -> None:
    first, second = make(shop, 10), make(shop, 20, timeout=3600)
    post(shop.book, on(first.id, Kind.HOLD_POST, 4))
    expires = Hold.objects.get(pk=second.id).expires_at
    assert expires is not None
    code, book = shop.asset.code, {"book": shop.book.code}
    opened = ["customer-0", "customer-1", "20.00", "-", "20.00", code, "open", f"{expires:%Y-%m-%d %H:%M:%S}"]
    done = ["customer-0", "customer-1", "10.00", "4.00", "-", code, "posted", "-"]
    assert [row[1:] for row in rows(boss.get(LIST, book))] == [opened]
    assert [row[1:] for row in rows(boss.get(LIST, book | {"status": "any"}))] == [opened, done]
    assert [row[1:] for row in rows(boss.get(LIST, book | {"status": "posted"}))] == [done]
    assert rows(boss.get(LIST, book | {"status": "any", "account": "customer-2"})) == []
    assert len(rows(boss.get(LIST, book | {"status": "any", "account": "customer-1"}))) == 2


def test_a_hold_is_posted_whole(boss: Client, shop: Shop) -> None:
    held = make(shop)
    response = send(boss, held.id, "post", amount="60.00")
    assert (response.status_code, response["Location"]) == (302, page(held.id))
    assert available(shop) == [Decimal(40), Decimal(160)]
    assert Hold.objects.get(pk=held.id).status == "posted"


def test_a_hold_is_posted_in_part_and_the_rest_released(boss: Client, shop: Shop) -> None:
    held = make(shop)
    assert send(boss, held.id, "post", amount="25.5").status_code == 302
    assert available(shop) == [Decimal("74.5"), Decimal("125.5")]


def test_a_hold_is_posted_in_part_and_the_rest_kept(boss: Client, shop: Shop) -> None:
    held = make(shop)
    assert send(boss, held.id, "post", amount="25.5", keep="on").status_code == 302
    assert available(shop) == [Decimal(40), Decimal("125.5")]
    assert 'value="34.50"' in boss.get(page(held.id, "post")).content.decode()


def test_a_form_sent_twice_posts_once(boss: Client, shop: Shop) -> None:
    held = make(shop)
    url = page(held.id, "post")
    sent = {"id": hidden(boss.get(url), "id"), "reason": "Twice", "amount": "10", "keep": "on"}
    assert [boss.post(url, sent).status_code for _ in range(2)] == [302, 302]
    assert Hold.objects.get(pk=held.id).posted_amount == Decimal(10)


def test_a_hold_is_voided_with_its_reason(boss: Client, shop: Shop) -> None:
    held = make(shop)
    assert send(boss, held.id, "void").status_code == 302
    assert available(shop) == [Decimal(100), Decimal(100)]
    void = Transfer.objects.get(origin_id=held.id)
    assert void.kind == Kind.HOLD_VOID
    assert b'"reason":"Told so"' in bytes(Event.objects.get(pk=void.event_id).body)


def test_what_cannot_be_done_says_why(boss: Client, shop: Shop) -> None:
    held = make(shop)
    assert errors(send(boss, held.id, "post", amount="60.01")) == ["The amount is more than what the hold still has."]
    assert errors(send(boss, held.id, "post", amount="")) == ["This field is required."]
    assert errors(send(boss, held.id, "void", reason="")) == ["This field is required."]
    post(shop.book, on(held.id, Kind.HOLD_VOID))
    resolved = "The hold was posted, voided or ran out of time before."
    assert errors(send(boss, held.id, "void")) == [resolved]
    assert available(shop) == [Decimal(100), Decimal(100)]


def test_the_page_offers_what_the_state_allows(boss: Client, shop: Shop, staff: Staff) -> None:
    held = make(shop)
    content = boss.get(page(held.id)).content.decode()
    assert page(held.id, "post") in content
    assert page(held.id, "void") in content
    assert page(held.id, "post") not in staff("view_hold").get(page(held.id)).content.decode()
    post(shop.book, on(held.id, Kind.HOLD_VOID))
    assert page(held.id, "post") not in boss.get(page(held.id)).content.decode()


def test_the_form_says_what_is_held(boss: Client, shop: Shop) -> None:
    held = make(shop)
    content = text(boss.get(page(held.id, "void")).content.decode())
    assert f"60.00 {shop.asset.code} are held: debit customer-0, credit customer-1." in content


def test_looking_is_not_resolving(shop: Shop, staff: Staff) -> None:
    held = make(shop)
    client = staff("view_hold", "change_hold")
    for command in ("post", "void"):
        assert client.get(page(held.id, command)).status_code == 403
        assert client.post(page(held.id, command), {"reason": "x", "amount": "1"}).status_code == 403
    assert Hold.objects.get(pk=held.id).status == "open"


def test_history_of_a_hold_is_the_event_that_made_it(boss: Client, shop: Shop) -> None:
    held = make(shop)
    event = Transfer.objects.get(pk=held.id).event_id
    assert boss.get(page(held.id, "history"))["Location"] == f"/admin/kernel/event/{event}/change/"
