"""Group commit: what waits together is committed together, and nobody pays for another's mistake."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from ledger.domain.drafts import TransferDraft
from ledger.domain.results import Code, Status
from ledger.engine import group
from ledger.engine.batch import Submission
from ledger.engine.group import GroupCommit
from ledger.engine.load import BookNotFound
from ledger.models import Transfer
from qenex.kernel.context import Context
from qenex.kernel.ids import uuid7
from tests.support.ledger import Shop, make_shop, units


@pytest.fixture
def shop(database: None) -> Shop:
    """Customers with 10.00 each who cannot be overdrawn."""
    return make_shop(2, funds="10")


def payment(shop: Shop, amount: str, **fields: Any) -> Submission:
    """The first customer's payment to the second, as somebody's only transfer."""
    alice, bob = shop.pair
    draft = TransferDraft(uuid7(), alice.pk, bob.pk, units(amount), **fields)
    return Submission([draft], Context(actor="tester", request_id=uuid4().hex))


async def submit_all(shop: Shop, submissions: list[Submission]) -> list[BaseException | None]:
    """Submits everything at once on a new loop's queues, and says how each ended."""
    with ThreadPoolExecutor(2) as executor:
        queues = GroupCommit(executor)
        waiting = [queues.submit(shop.book.pk, submission) for submission in submissions]
        return await asyncio.gather(*waiting, return_exceptions=True)


def test_callers_who_wait_share_a_commit(shop: Shop) -> None:
    submissions = [payment(shop, "0.01") for _ in range(50)]
    assert asyncio.run(submit_all(shop, submissions)) == [None] * 50
    assert {submission.results[0].status for submission in submissions} == {Status.POSTED}
    ids = [submission.drafts[0].id for submission in submissions]
    events = set(Transfer.objects.filter(pk__in=ids).values_list("event_id", flat=True))
    assert len(events) == 1


def test_each_caller_has_his_own_result(shop: Shop) -> None:
    submissions = [payment(shop, "8"), payment(shop, "8"), payment(shop, "2")]
    asyncio.run(submit_all(shop, submissions))
    results = [submission.results[0] for submission in submissions]
    assert [(result.status, result.code) for result in results] == [
        (Status.POSTED, None),
        (Status.REFUSED, Code.INSUFFICIENT_FUNDS),
        (Status.POSTED, None),
    ]


def test_a_caller_whose_transfer_breaks_the_batch_fails_alone(shop: Shop) -> None:
    submissions = [payment(shop, "1"), payment(shop, "1"), payment(shop, "1", reference="\0"), payment(shop, "1")]
    outcomes = asyncio.run(submit_all(shop, submissions))
    assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType", "NoneType", "DataError", "NoneType"]
    ids = [submission.drafts[0].id for submission in submissions]
    assert Transfer.objects.filter(pk__in=ids).count() == 3


def test_an_unknown_book_is_every_callers_failure(shop: Shop) -> None:
    async def run() -> list[BaseException | None]:
        with ThreadPoolExecutor(1) as executor:
            queues = GroupCommit(executor)
            waiting = [queues.submit(uuid4(), payment(shop, "1")) for _ in range(3)]
            return await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(outcome) for outcome in asyncio.run(run())] == [BookNotFound] * 3


def test_a_caller_who_goes_away_takes_nobody_with_him(shop: Shop) -> None:
    submissions = [payment(shop, "1") for _ in range(3)]

    async def run() -> list[BaseException | None]:
        with ThreadPoolExecutor(1) as executor:
            queues = GroupCommit(executor)
            tasks = [asyncio.create_task(queues.submit(shop.book.pk, submission)) for submission in submissions]
            await asyncio.sleep(0)
            tasks[1].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = asyncio.run(run())
    assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType", "CancelledError", "NoneType"]
    # What was submitted is posted, whether or not somebody still waits for the answer.
    assert Transfer.objects.filter(pk__in=[each.drafts[0].id for each in submissions]).count() == 3


def test_a_commit_carries_so_many_transfers_at_most(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "MAX_TRANSFERS", 10)
    submissions = [payment(shop, "0.01") for _ in range(31)]
    asyncio.run(submit_all(shop, submissions))
    ids = [submission.drafts[0].id for submission in submissions]
    events = list(Transfer.objects.filter(pk__in=ids).values_list("event_id", flat=True))
    assert sorted(events.count(event) for event in set(events)) == [1, 10, 10, 10]


def test_idle_threads_keep_no_connection(shop: Shop, settings: Settings) -> None:
    """More books at once than the pool has connections, again and again, each in a thread of its own."""
    shops = [shop, *(make_shop(2, funds="10") for _ in range(settings.DATABASE_POOL_SIZE + 2))]

    async def run() -> list[BaseException | None]:
        with ThreadPoolExecutor(len(shops)) as executor:
            queues = GroupCommit(executor)
            for _ in range(3):
                waiting = [queues.submit(each.book.pk, payment(each, "1")) for each in shops]
                outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), timeout=25)
            return outcomes

    assert asyncio.run(run()) == [None] * len(shops)
