"""One command from many threads at once is carried out once, and everybody gets its answer."""

from collections import Counter
from hashlib import sha256

import pytest

from ledger import services
from qenex.kernel import idempotency
from qenex.kernel.ids import uuid7
from qenex.kernel.models import IdempotencyKey
from tests.support.ledger import Shop, give, make_shop, one, post, posted, recount, transfer_count
from tests.support.threads import together

pytestmark = pytest.mark.usefixtures("database")
WRITERS = 16


@pytest.fixture
def shop(database: None) -> Shop:
    return make_shop(2, funds="100")


def test_one_transfer_from_many_threads_is_posted_once(shop: Shop) -> None:
    draft = give(*shop.pair, 30, reference="once", metadata={"a": 1})
    results = together(WRITERS, lambda _: one(shop.book, draft))
    assert Counter(result.replayed for result in results) == {False: 1, True: WRITERS - 1}
    assert {(result.status, result.posted_at_us, result.debit_balance) for result in results} == {
        ("posted", results[0].posted_at_us, 70 * 10**18)
    }
    assert (posted(shop.customers[0]), transfer_count(shop.book), recount(shop.book)) == (70, 3, {})


def test_one_journal_from_many_threads_is_posted_once(shop: Shop) -> None:
    id, drafts = uuid7(), [give(*shop.pair, 30), give(*shop.pair, 70)]
    answers = together(WRITERS, lambda _: services.journal_post(book=shop.book, transfers=drafts, id=id)[1])
    assert Counter(result.replayed for results in answers for result in results) == {False: 2, True: 2 * WRITERS - 2}
    assert (posted(shop.customers[0]), transfer_count(shop.book)) == (0, 4)


def test_overlapping_batches_from_many_threads_post_each_transfer_once(shop: Shop) -> None:
    drafts = [give(*shop.pair, 1) for _ in range(WRITERS + 4)]
    answers = together(WRITERS, lambda number: post(shop.book, *drafts[number : number + 5]))
    assert all(result.ok for results in answers for result in results)
    assert Counter(result.replayed for results in answers for result in results)[False] == len(drafts)
    assert posted(shop.customers[1]) == 100 + len(drafts)


def test_one_idempotency_key_from_many_threads_posts_once(shop: Shop) -> None:
    """The ids differ, as where a client leaves them to us: only the key says that it is one command."""
    key, fingerprint = uuid7().hex, sha256(b"body").digest()

    def answer(result: object) -> idempotency.Answer:
        return idempotency.Answer(201, str(result).encode())

    def act(_: int) -> tuple[str, bytes]:
        request = idempotency.Request("ann", key, fingerprint, lambda batch: answer("posted"))
        with idempotency.answering(request):
            try:
                one(shop.book, give(*shop.pair, 30))
            except idempotency.Replayed as replayed:
                return "replayed", replayed.answer.body
        return "posted", b"posted"

    told = Counter(together(WRITERS, act))
    assert told == {("posted", b"posted"): 1, ("replayed", b"posted"): WRITERS - 1}
    assert (posted(shop.customers[0]), transfer_count(shop.book)) == (70, 3)
    assert IdempotencyKey.objects.filter(actor="ann", key=key).count() == 1
    assert recount(shop.book) == {}
