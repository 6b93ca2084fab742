"""Group commit: what waits together is committed together, and nobody pays for another's mistake."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from ledger.domain.drafts import TransferDraft
from ledger.domain.results import Code, Status
from ledger.engine import group
from ledger.engine.batch import Submission
from ledger.engine.cache import guard
from ledger.engine.group import GroupCommit, Waiting
from ledger.engine.load import BookNotFound
from ledger.models import Transfer
from qenex.kernel.context import Context
from qenex.kernel.ids import uuid7
from tests.support.ledger import Shop, make_shop, units

pytestmark = pytest.mark.smoke


@pytest.fixture
def shop(database: None) -> Shop:
    """Customers with 10.00 each who cannot be overdrawn."""
    return make_shop(2, funds="10")


def payment(shop: Shop, amount: str, **fields: Any) -> Submission:
    """The first customer's payment to the second, as somebody's only transfer."""
    alice, bob = shop.pair
    draft = TransferDraft(uuid7(), alice.pk, bob.pk, units(amount), **fields)
    return Submission([draft], Context(actor="tester", request_id=uuid4().hex))


def submit_all(book: UUID, submissions: list[Submission]) -> list[Exception | None]:
    """Submits everything at once, and says how each ended."""
    ended: dict[int, Exception | None] = {}
    with ThreadPoolExecutor(2) as executor:

        def deliver(waiting: Sequence[Waiting[int]], error: Exception | None) -> None:
            ended.update((number, error) for _, number in waiting)

        queues = GroupCommit(executor, deliver)
        with guard(book):  # nobody posts until all of them wait
            for number, submission in enumerate(submissions):
                queues.submit(book, [(submission, number)])
    return [ended[number] for number in range(len(submissions))]


def test_callers_who_wait_share_a_commit(shop: Shop) -> None:
    submissions = [payment(shop, "0.01") for _ in range(50)]
    assert submit_all(shop.book.pk, submissions) == [None] * 50
    assert {submission.results[0].status for submission in submissions} == {Status.POSTED}
    ids = [submission.drafts[0].id for submission in submissions]
    events = list(Transfer.objects.filter(pk__in=ids).values_list("event_id", flat=True))
    # The first ones may have gone ahead while the others came.
    assert len(events) == 50
    assert len(set(events)) <= 2


def test_each_caller_has_his_own_result(shop: Shop) -> None:
    submissions = [payment(shop, "8"), payment(shop, "8"), payment(shop, "2")]
    submit_all(shop.book.pk, submissions)
    results = [submission.results[0] for submission in submissions]
    assert [(result.status, result.code) for result in results] == [
        (Status.POSTED, None),
        (Status.REFUSED, Code.INSUFFICIENT_FUNDS),
        (Status.POSTED, None),
    ]


def test_a_caller_whose_transfer_breaks_the_batch_fails_alone(shop: Shop) -> None:
    submissions = [payment(shop, "1"), payment(shop, "1"), payment(shop, "1", reference="\0"), payment(shop, "1")]
    outcomes = submit_all(shop.book.pk, submissions)
    assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType", "NoneType", "DataError", "NoneType"]
    ids = [submission.drafts[0].id for submission in submissions]
    assert Transfer.objects.filter(pk__in=ids).count() == 3


def test_an_unknown_book_is_every_callers_failure(shop: Shop) -> None:
    outcomes = submit_all(uuid4(), [payment(shop, "1") for _ in range(3)])
    assert [type(outcome) for outcome in outcomes] == [BookNotFound] * 3


def test_a_commit_carries_so_many_transfers_at_most(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "MAX_TRANSFERS", 10)
    submissions = [payment(shop, "0.01") for _ in range(31)]
    submit_all(shop.book.pk, submissions)
    ids = [submission.drafts[0].id for submission in submissions]
    events = list(Transfer.objects.filter(pk__in=ids).values_list("event_id", flat=True))
    shared = [events.count(event) for event in set(events)]
    assert sum(shared) == 31
    assert max(shared) == 10


def test_idle_threads_keep_no_connection(shop: Shop, settings: Settings) -> None:
    """More books at once than the pool has connections, again and again, each in a thread of its own."""
    shops = [shop, *(make_shop(2, funds="10") for _ in range(settings.DATABASE_POOL_SIZE + 2))]

    ended: list[Exception | None] = []
    with ThreadPoolExecutor(len(shops)) as executor:
        queues: GroupCommit[None] = GroupCommit(executor, lambda waiting, error: ended.extend([error] * len(waiting)))
        for _ in range(3):
            for each in shops:
                queues.submit(each.book.pk, [(payment(each, "1"), None)])
    assert ended == [None] * 3 * len(shops)
