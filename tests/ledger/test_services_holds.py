"""Posting, voiding and expiring holds through their services."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from ledger import services, tasks
from ledger.domain.drafts import Kind
from ledger.errors import Invalid, NotFound, TransferRefused
from ledger.models import Hold, Transfer
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from tests.support.ledger import Shop, available, hold, make_shop, on, one, outcomes, post, posted, recount

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.smoke]
PAST = datetime(2001, 1, 1, tzinfo=UTC)
"""Long before now: what expires then is overdue at once, and comes before the holds of other tests."""


@pytest.fixture
def shop(database: None) -> Shop:
    return make_shop(2, funds="100")


def held(shop: Shop, amount: int = 40, **fields: Any) -> Hold:
    draft = hold(*shop.pair, amount, **fields)
    assert one(shop.book, draft).status == "held"
    return Hold.objects.get(pk=draft.id)


def test_posting_in_parts_and_finally(shop: Shop) -> None:
    made = held(shop)
    part = services.hold_post(hold=made.pk, amount=Decimal(10), final=False, reference="first")
    assert (part.status, part.debit_balance // 10**18) == ("posted", 90)
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (90, 60)
    assert Transfer.objects.get(pk=part.id).reference == "first"
    services.hold_post(hold=made.pk, amount=Decimal(5))
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (85, 85)
    made.refresh_from_db()
    assert (made.status, made.posted_amount, made.remaining) == ("posted", Decimal(15), Decimal(0))
    kinds = Transfer.objects.filter(origin_id=made.pk).order_by("posted_at").values_list("kind", "amount")
    assert list(kinds) == [(Kind.HOLD_PART, Decimal(10)), (Kind.HOLD_POST, Decimal(5))]


def test_posting_all_and_voiding(shop: Shop) -> None:
    first, second = held(shop), held(shop)
    assert services.hold_post(hold=first.pk).status == "posted"
    assert services.hold_void(hold=second.pk, reference="no").status == "voided"
    assert (posted(shop.customers[0]), available(shop.customers[0]), recount(shop.book)) == (60, 60, {})
    assert set(Hold.objects.filter(book_id=shop.book.pk).values_list("status", flat=True)) == {"posted", "voided"}


def test_a_repetition_with_its_id_changes_nothing(shop: Shop) -> None:
    made, id = held(shop), uuid7()
    first = services.hold_post(hold=made.pk, amount=Decimal(10), final=False, id=id)
    again = services.hold_post(hold=made.pk, amount=Decimal(10), final=False, id=id)
    assert (first.replayed, again.replayed, again.posted_at_us) == (False, True, first.posted_at_us)
    with pytest.raises(TransferRefused) as caught:
        services.hold_post(hold=made.pk, amount=Decimal(11), final=False, id=id)
    assert caught.value.code == "id_reused"
    assert posted(shop.customers[0]) == 90


def test_what_is_refused_is_raised_with_its_code(shop: Shop) -> None:
    made = held(shop)
    with pytest.raises(TransferRefused) as caught:
        services.hold_post(hold=made.pk, amount=Decimal("40.01"))
    assert (caught.value.code, caught.value.message) == (
        *("hold_exceeded", "The amount is more than what the hold still has."),
    )
    services.hold_void(hold=made.pk)
    for again in (services.hold_post, services.hold_void):
        with pytest.raises(TransferRefused) as caught:
            again(hold=made.pk)
        assert caught.value.code == "hold_resolved"


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("1e-19")])
def test_a_malformed_amount_is_named(shop: Shop, amount: Decimal) -> None:
    with pytest.raises(Invalid) as caught:
        services.hold_post(hold=held(shop).pk, amount=amount)
    assert caught.value.field == "amount"


def test_an_unknown_hold_is_not_found() -> None:
    with pytest.raises(NotFound):
        services.hold_post(hold=uuid4())
    with pytest.raises(NotFound):
        services.hold_void(hold=uuid4())


def test_holds_expire_when_their_time_is_over_and_not_before(shop: Shop) -> None:
    with clock.frozen(PAST):
        shop = make_shop(2, funds="100")
        made, other = held(shop, timeout=60), held(shop, timeout=61)
    with clock.frozen(PAST + timedelta(seconds=60, milliseconds=1)):
        assert services.holds_expire() == 1
    made.refresh_from_db()
    assert (made.status, made.posted_amount) == ("expired", 0)
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (100, 60)
    row = Transfer.objects.get(origin_id=made.pk)
    assert (row.kind, row.amount, row.debit_account_id) == (Kind.HOLD_EXPIRE, 40, shop.customers[0].pk)
    with clock.frozen(PAST + timedelta(seconds=61, milliseconds=1)):
        assert tasks.holds_expire() == 1
        assert services.holds_expire() == 0
    assert (available(shop.customers[0]), recount(shop.book)) == (100, {})
    assert Hold.objects.get(pk=other.pk).status == "expired"


def test_an_overdue_hold_cannot_be_posted_even_before_it_was_swept(shop: Shop) -> None:
    with clock.frozen(PAST):
        shop = make_shop(2, funds="100")
        made = held(shop, timeout=60)
    with clock.frozen(PAST + timedelta(seconds=60, milliseconds=1)):
        with pytest.raises(TransferRefused) as caught:
            services.hold_post(hold=made.pk)
        assert caught.value.code == "hold_resolved"
        services.holds_expire()


def test_what_was_posted_in_part_stays_when_the_rest_expires() -> None:
    with clock.frozen(PAST):
        shop = make_shop(2, funds="100")
        made = held(shop, timeout=60)
        services.hold_post(hold=made.pk, amount=Decimal(10), final=False)
    with clock.frozen(PAST + timedelta(hours=1)):
        assert services.holds_expire() == 1
    made.refresh_from_db()
    assert (made.status, made.posted_amount) == ("expired", 10)
    assert (posted(shop.customers[0]), available(shop.customers[0]), recount(shop.book)) == (90, 90, {})


def test_frozen_accounts_still_get_back_what_expires() -> None:
    with clock.frozen(PAST):
        shop = make_shop(2, funds="100")
        held(shop, timeout=60)
    services.account_update(account=shop.customers[0], status="frozen")
    with clock.frozen(PAST + timedelta(hours=1)):
        assert services.holds_expire() == 1
    assert available(shop.customers[0]) == 100


def test_holds_of_a_closed_book_do_not_keep_others_from_expiring() -> None:
    with clock.frozen(PAST):
        closed, other = make_shop(2, funds="100"), make_shop(2, funds="100")
        first, second = held(closed, timeout=1), held(other, timeout=2)
    services.book_update(book=closed.book, status="closed")
    with clock.frozen(PAST + timedelta(hours=1)):
        assert services.holds_expire(limit=1) == 1
    assert [Hold.objects.get(pk=each.pk).status for each in (first, second)] == ["open", "expired"]
    services.book_update(book=closed.book, status="open")
    with clock.frozen(PAST + timedelta(hours=1)):
        assert services.holds_expire() == 1


def test_nobody_expires_a_hold_before_its_time(shop: Shop) -> None:
    made = held(shop, timeout=3600)
    assert outcomes(post(shop.book, on(made.pk, Kind.HOLD_EXPIRE))) == ["hold_not_due"]
    assert available(shop.customers[0]) == 60
