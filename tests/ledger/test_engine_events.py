"""The event of a posting: an outsider who has the rows builds its root again."""

from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import groupby
from struct import pack
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from ledger import services
from ledger.domain.drafts import Journal, Kind
from ledger.engine.batch import Submission
from ledger.engine.decide import STRETCH
from ledger.engine.post import post as engine_post
from ledger.models import Transfer
from qenex.kernel import canonical
from qenex.kernel.context import SYSTEM, Context, acting
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from qenex.kernel.money import from_decimal
from qenex.kernel.personal import reveal
from tests.support.ledger import Shop, give, hold, make_shop, on, post

pytestmark = pytest.mark.usefixtures("database")
MILLENNIUM = datetime(2000, 1, 1, tzinfo=UTC)


def leaf(row: Transfer) -> bytes:
    """A transfer's canonical bytes, written down from its columns alone."""
    ids = (row.pk, row.book_id, row.debit_account_id, row.credit_account_id, row.asset_id)
    amounts = (row.amount, row.debit_balance, row.credit_balance)
    microseconds = (row.posted_at - MILLENNIUM) // (datetime.resolution)
    days = (row.value_date - MILLENNIUM.date()).days
    metadata = None if row.metadata is None else b"\x01" + canonical.encode(row.metadata)
    fields = [
        *(each.bytes for each in ids),
        *(numeric(from_decimal(each)) for each in amounts),
        *(pack("!q", microseconds), pack("!i", days), pack("!h", row.kind), pack("!i", row.code), row.event_id.bytes),
        *(None if each is None else each.bytes for each in (row.journal_id, row.origin_id)),
        *(row.reference.encode(), metadata),
    ]
    return pack("!h", len(fields)) + b"".join(
        pack("!i", -1) if each is None else pack("!i", len(each)) + each for each in fields
    )


def numeric(units: int) -> bytes:
    digits = f"{abs(units) * 100:040d}"
    groups = [int(digits[at : at + 4]) for at in range(0, 40, 4)]
    return pack("!hhHH10h", 10, 4, 0x4000 if units < 0 else 0, 18, *groups)


def root(hashes: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + root(hashes[:split]) + root(hashes[split:])).digest()


def told(book: UUID) -> dict[UUID, dict[str, Any]]:
    """What the events of postings in the book say, by event."""
    events = Event.objects.filter(book_id=book, type="ledger.transfers.posted")
    return {event.pk: msgspec.json.decode(bytes(event.body)) for event in events}


def check(shop: Shop) -> list[dict[str, Any]]:
    """Compares every event of the book with its rows; the events in order."""
    rows = Transfer.objects.filter(book_id=shop.book.pk).order_by("event_id", "posted_at")
    events = told(shop.book.pk)
    for id, group in groupby(rows, key=lambda row: row.event_id):
        mine, data = list(group), events.pop(id)["data"]
        assert data["count"] == len(mine)
        assert data["transfers_root"] == root([sha256(b"\x00" + leaf(row)).digest() for row in mine]).hex()
        times = [round(row.posted_at.timestamp() * 1_000_000) for row in (mine[0], mine[-1])]
        assert [data["first_posted_at_us"], data["last_posted_at_us"]] == times
    assert events == {}
    return [told(shop.book.pk)[id] for id in sorted(told(shop.book.pk))]


def test_every_kind_of_transfer_is_in_its_events_root() -> None:
    shop = make_shop(2, places=18, floor="-99999999999999999999", funds="100")
    alice, bob = shop.customers
    made, paid = hold(alice, bob, 40, timeout=60), give(bob, alice, "0.000000000000000001", reference="Ünï", code=0)
    post(shop.book, made, paid, on(made.id, Kind.HOLD_POST, 10, final=False), on(made.id, Kind.HOLD_VOID))
    post(shop.book, on(paid.id, Kind.REVERSAL), give(alice, bob, "99999999999999999999", value_date=date(1, 1, 1)))
    post(shop.book, give(bob, alice, 1, metadata={"ü": [1, {"b": None, "a": "\U0001f600"}], "\ue000": True}))
    services.journal_post(book=shop.book, transfers=[give(alice, bob, 1), give(bob, alice, 2, metadata={"x": 1})])
    assert len(check(shop)) == 5


@pytest.mark.parametrize("count", [1, 2, 3, STRETCH - 1, STRETCH, STRETCH + 1, 2 * STRETCH + 7])
def test_batches_of_any_size_have_their_root(count: int) -> None:
    shop = make_shop(2, floor=None)
    assert all(result.ok for result in post(shop.book, *[give(*shop.pair, 1) for _ in range(count)]))
    assert [event["data"]["count"] for event in check(shop)] == [count]


def test_the_event_says_who_did_it_and_why_and_when_holds_expire() -> None:
    shop = make_shop(2, funds="10")
    made = hold(*shop.pair, 1, timeout=60)
    by = Context(actor_id=7, actor="ann", address="10.0.0.1", method="token", request_id="r-1", reason="because")
    with acting(by):
        [result] = post(shop.book, made)
    event = check(shop)[-1]
    who = {"id": 7, "name": "ann", "method": "token"}
    assert event["actor"] == {**who, "address": None, "key_id": None, "on_behalf_of": None}
    stored = Event.objects.get(pk=event["id"]).body
    assert b"10.0.0.1" not in bytes(stored)
    assert reveal(stored).body["actor"]["address"] == "10.0.0.1"
    assert (event["request_id"], event["reason"]) == ("r-1", "because")
    assert event["data"]["expiries"] == [[str(made.id), result.posted_at_us + 60_000_000]]


def test_callers_of_one_batch_are_told_apart() -> None:
    """What group commit does: several callers' submissions in one transaction, each with its own results and event."""
    shop = make_shop(2, funds="100")
    ann, bob = Context(actor="ann", request_id="a"), Context(actor="bob", request_id="b")
    journal = Journal(uuid7(), reference="J")
    submissions = [
        Submission([give(*shop.pair, 60)], ann),
        Submission([give(*shop.pair, 60), give(*shop.pair, 10)], bob),
        Submission([give(*shop.pair, 20), give(*shop.pair, 20)], ann, linked=True, journal=journal),
        Submission([give(*shop.pair, 5)], Context(actor="ann", request_id="a2")),
        Submission([give(*shop.pair, 5), give(*shop.pair, 20)], bob, linked=True, journal=Journal(uuid7())),
    ]
    engine_post(shop.book.pk, submissions)
    codes = [[str(result.code or result.status) for result in each.results] for each in submissions]
    assert codes == [
        ["posted"],
        ["insufficient_funds", "posted"],
        ["linked_failed", "insufficient_funds"],
        ["posted"],
        ["posted", "posted"],
    ]
    events = check(shop)[1:]
    assert [(event["actor"]["name"], event["data"]["count"], "journal" in event["data"]) for event in events] == [
        ("ann", 2, False),
        ("bob", 1, False),
        ("bob", 2, True),
    ]
    assert events[0]["data"]["requests"] == [["a", 1], ["a2", 1]]


def test_one_callers_used_ids_do_not_hurt_the_others() -> None:
    shop = make_shop(2, funds="100")
    used, journal = give(*shop.pair, 10), Journal(uuid7())
    engine_post(shop.book.pk, [Submission([used], SYSTEM, linked=True, journal=journal)])
    submissions = [
        Submission([give(*shop.pair, 10)], SYSTEM),
        Submission([used], SYSTEM, linked=True, journal=journal),
        Submission([give(*shop.pair, 10)], SYSTEM, linked=True, journal=journal),
        Submission([give(*shop.pair, 10)], SYSTEM),
    ]
    engine_post(shop.book.pk, submissions)
    assert [[str(result.code or result.status) for result in each.results] for each in submissions] == [
        *(["posted"], ["posted"], ["id_reused"], ["posted"]),
    ]
    assert [each.results[0].replayed for each in submissions] == [False, True, False, False]
    check(shop)


def test_nothing_posted_is_no_event() -> None:
    shop = make_shop(2)
    post(shop.book, give(*shop.pair, 1), on(uuid4(), Kind.HOLD_VOID))
    assert told(shop.book.pk) == {}
