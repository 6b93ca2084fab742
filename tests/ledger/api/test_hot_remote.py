"""The posting process: it answers as the web process itself would, and nobody is left waiting when it dies."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.api import wire
from ledger.api.hot import desk, remote
from ledger.api.hot.answers import Answered
from ledger.api.hot.askers import Askers
from ledger.api.hot.callers import circumstances
from ledger.api.hot.counter import OwnCounter
from ledger.api.hot.desk import Asked, Desk
from ledger.api.hot.frames import Frames, Questions, Replies, frame
from ledger.api.hot.postings import Posted, Posting
from ledger.api.hot.principals import Principal
from ledger.api.hot.remote import RemoteCounter
from ledger.api.hot.slips import Slip, answers, postings
from ledger.api.wire import singles
from ledger.api.wire.permissions import POST, RESOLVE
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.results import Code, Status, TransferResult
from ledger.models import Transfer
from qenex.kernel.ids import uuid7
from qenex.kernel.problems import Problem
from tests.support.ledger import Shop, make_shop

TESTER = Principal(1, "tester", "jwt", frozenset({POST}), None, "sign-in:family-1", "family-1")
WITHOUT = replace(TESTER, permissions=frozenset())


@pytest.fixture
def shop(database: None) -> Shop:
    return make_shop(2, funds="100")


def asked(shop: Shop, amount: str = "1", **changes: Any) -> Asked:
    alice, bob = shop.pair
    body = {"id": uuid7(), "book": shop.book.code, "debit_account": alice.pk, "credit_account": bob.pk}
    raw = msgspec.json.encode(body | {"amount": amount})
    request = Asked(True, "application/json", b"", raw, TESTER, "127.0.0.1", "request-1")
    return msgspec.structs.replace(request, **changes)


def talk(conversation: Callable[[RemoteCounter, Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        line = RemoteCounter()
        try:
            await asyncio.wait_for(conversation(line, Desk(line)), 60)
        finally:
            await line.close()

    asyncio.run(run())


def test_frames_come_whole_however_they_are_cut() -> None:
    sent = [Replies([], [], None, [(number, Answered(500, "application/json", b"{}"))]) for number in range(3)]
    stream = b"".join(map(frame, sent))
    for size in (1, 3, 7, len(stream)):
        frames = Frames(Replies)
        found = [each for at in range(0, len(stream), size) for each in frames.feed(stream[at : at + size])]
        assert found == sent


texts = st.text(max_size=20)
units = st.integers(0, 10**38)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
drafts = st.builds(
    TransferDraft,
    *(st.uuids(), st.none() | st.uuids(), st.none() | st.uuids(), units, st.sampled_from(Kind), st.integers(0, 2**31)),
    *(st.none() | st.dates(), texts, st.none() | st.dictionaries(texts, values, max_size=4), st.none() | st.uuids()),
    *(st.none() | st.integers(1, 10**9), st.booleans()),
)
results = st.builds(
    TransferResult,
    *(st.uuids(), st.sampled_from(Status), st.none() | st.sampled_from(Code), texts, st.integers(0, 2**53)),
    *(st.integers(0, 3_000_000), units.map(lambda each: -each), units, st.booleans(), st.integers(0, 18)),
)


pairs = st.lists(st.tuples(drafts, results), min_size=1, max_size=4)
names = st.sampled_from(["ann", "bob"])
asked_together = st.builds(
    Posting,
    *(st.sampled_from([uuid7(), uuid7()]), st.booleans(), st.lists(drafts, min_size=1, max_size=4)),
    *(st.tuples(st.integers(1, 2), names, st.none() | names, names, names), texts),
)


@given(st.lists(asked_together, min_size=1, max_size=4))
def test_what_is_asked_arrives_as_it_was(asked: list[Posting]) -> None:
    [questions] = Frames(Questions).feed(frame(Questions.of(list(range(len(asked))), asked)))
    assert questions.numbers == list(range(len(asked)))
    found = list(questions.submissions())
    assert [book for book, _ in found] == [posting.book for posting in asked]
    for (_, submission), posting in zip(found, asked, strict=True):
        assert (submission.drafts, submission.linked) == (posting.drafts, posting.linked)
        assert submission.context == circumstances(posting.caller, posting.request_id)


@given(st.lists(pairs, min_size=1, max_size=4), st.binary(max_size=50))
def test_what_is_answered_arrives_as_it_was(
    callers: list[list[tuple[TransferDraft, TransferResult]]], body: bytes
) -> None:
    asked = [[draft for draft, _ in each] for each in callers]
    told = [[msgspec.structs.replace(result, id=draft.id) for draft, result in each] for each in callers]
    replies = Replies.of_results(list(range(len(callers))), told)
    failure = Replies.of_failures([(7, Answered(503, "application/problem+json", body, {"A": "b"}))])
    [found, failed] = Frames(Replies).feed(frame(replies) + frame(failure))
    assert found.numbers == list(range(len(callers)))
    assert list(found.results_of(asked)) == told
    assert failed.failures == failure.failures
    assert list(failed.results_of([])) == []
    with pytest.raises(ValueError, match="not as many results"):
        found.results_of([*asked, asked[0]])


def test_who_gets_a_reply_that_does_not_fit_is_told_that_nobody_answers(shop: Shop) -> None:
    async def run() -> list[object]:
        askers = Askers()
        caller = (1, "ann", None, "jwt", "family-1")
        waiting: list[asyncio.Future[Any]] = [
            askers.ask(Posting(uuid7(), False, [TransferDraft(uuid7(), None, None, 1)], caller, "request-1")),
            askers.take(Slip(uuid7(), asked(shop).raw, caller, False, "request-2")),
        ]
        questions = askers.questions()
        assert questions is not None
        result = TransferResult(uuid7(), Status.POSTED)
        with pytest.raises(ValueError, match="not as many results"):
            askers.tell(Replies.of_results(questions.numbers, [[result], [result, result]]))
        askers.lost()
        return [await asyncio.wait_for(each, 1) for each in waiting]

    assert asyncio.run(run()) == [None, None]


def test_what_is_equal_but_not_the_same_stays_apart() -> None:
    sent = [TransferDraft(uuid7(), None, None, 1, metadata=metadata) for metadata in ({"a": 1}, {"a": True}, None)]
    caller = (1, "ann", None, "jwt", "family-1")
    [questions] = Frames(Questions).feed(frame(Questions.of([1], [Posting(uuid7(), False, sent, caller, "request-1")])))
    assert [repr(draft.metadata) for draft in questions.drafts.drafts()] == ["{'a': 1}", "{'a': True}", "None"]


def test_it_answers_as_the_web_process_would(shop: Shop) -> None:
    async def conversation(line: RemoteCounter, there: Desk) -> None:
        requests = [asked(shop), asked(shop, "1000"), asked(shop, raw=b"{"), asked(shop, principal=WITHOUT)]
        answers = await asyncio.gather(*map(there.serve, requests))
        assert [each and each.status for each in answers] == [201, 422, None, None]
        own = Desk(OwnCounter())
        again = [await own.serve(each) for each in requests]
        assert [each and each.status for each in again] == [200, 422, None, None]
        first, repeated = answers[0], again[0]
        assert first is not None
        assert repeated is not None
        assert repeated.body == first.body.replace(b'"replayed":false', b'"replayed":true')
        assert again[1] == answers[1]

    talk(conversation)
    assert Transfer.objects.filter(debit_account_id=shop.pair[0].pk).count() == 1


def test_when_it_is_killed_nobody_waits_and_the_next_one_is_served(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSE_SECONDS", 0)

    async def conversation(line: RemoteCounter, there: Desk) -> None:
        assert await there.serve(asked(shop)) is not None
        os.kill(line.pid, signal.SIGKILL)
        killed = line.pid
        assert await there.serve(asked(shop)) is None
        answered = await there.serve(asked(shop))
        assert answered is not None
        assert answered.status == 201
        assert line.pid != killed

    talk(conversation)


def test_one_that_cannot_start_is_not_started_again_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_MODULE", "ledger.no_such_module")

    async def conversation(line: RemoteCounter, there: Desk) -> None:
        assert await there.serve(asked(shop)) is None
        first = line.pid
        assert await there.serve(asked(shop)) is None
        assert line.pid == first

    talk(conversation)


def test_what_is_asked_in_quick_succession_goes_out_together(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []

    def counted(message: Questions) -> bytes:
        sent.append(len(message.numbers))
        return frame(message)

    async def conversation(line: RemoteCounter, there: Desk) -> None:
        assert await there.serve(asked(shop)) is not None
        monkeypatch.setattr(remote, "GATHER_SECONDS", 1)
        assert await asyncio.wait_for(there.serve(asked(shop)), 4) is not None  # alone, it is not kept waiting
        monkeypatch.setattr(remote, "GATHER_SECONDS", 0.001)
        waiting = []
        for _ in range(20):
            waiting.append(asyncio.create_task(there.serve(asked(shop))))
            await asyncio.sleep(0)
        answers = await asyncio.gather(*waiting)
        assert [each and each.status for each in answers] == [201] * 20

    monkeypatch.setattr(remote, "frame", counted)
    talk(conversation)
    assert sent == [1, 1, 20]


def test_where_no_process_can_be_made_the_request_is_left(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no memory")

    async def run() -> Answered | None:
        return await Desk(RemoteCounter()).serve(asked(shop))

    monkeypatch.setattr("subprocess.Popen", refuse)
    assert asyncio.run(run()) is None


def fail(*_: Any) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("where", "name", "single"),
    [(desk, "find_book", True), (singles, "decode_transfer", True), (wire, "batch_of", False)],
)
def test_a_defect_that_one_request_finds_leaves_it_to_django(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, single: bool
) -> None:
    async def run() -> Answered | None:
        return await asyncio.wait_for(Desk(OwnCounter()).serve(asked(shop, single=single)), 10)

    monkeypatch.setattr(where, name, fail)
    monkeypatch.setattr(singles, "at_once", fail)
    monkeypatch.setattr(desk, "remembered_book", lambda named: None)
    assert asyncio.run(run()) is None


def test_a_slip_whose_answer_cannot_be_made_is_answered_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> list[Answered | None]:
        there = Desk(OwnCounter())
        return [await asyncio.wait_for(there.serve(asked(shop, amount)), 10) for amount in ("1", "1000")]

    monkeypatch.setattr(wire, "answer_transfer", fail)
    assert [each and each.status for each in asyncio.run(run())] == [201, 500]


@pytest.mark.parametrize("counter", [OwnCounter, RemoteCounter])
def test_each_slip_is_judged_by_itself(shop: Shop, counter: type[RemoteCounter]) -> None:
    void = msgspec.json.encode({"id": uuid7(), "book": shop.book.code, "kind": "hold_void", "origin": uuid7()})
    may = replace(TESTER, permissions=frozenset({POST, RESOLVE}))
    large = msgspec.json.encode({"x": "y" * desk.ASIDE_BYTES})
    twice = asked(shop).raw.replace(b'"amount"', b'"amount":"5","amount"')

    async def run() -> list[Answered | None]:
        at = counter()
        there = Desk(at)
        try:
            return await asyncio.gather(
                there.serve(asked(shop)),
                there.serve(asked(shop, raw=twice)),
                there.serve(asked(shop, raw=void)),
                there.serve(asked(shop, raw=void, principal=may)),
                there.serve(asked(shop, raw=large)),
                there.serve(asked(shop, content_type="text/plain")),
                there.serve(asked(shop, query=b"a=b")),
                there.serve(asked(shop, content_type="application/json; charset=utf-8")),
                there.serve(asked(shop, principal=replace(TESTER, books=frozenset()))),
            )
        finally:
            if isinstance(at, RemoteCounter):
                await at.close()

    found = asyncio.run(run())
    assert [each and each.status for each in found] == [201, None, None, 422, None, None, None, 201, None]


slips = st.builds(
    Slip,
    st.sampled_from([uuid7(), uuid7()]),
    st.sampled_from([b"{", b'{"book":"b"}'])
    | st.sampled_from([b"1", b"2.50", b"0", b"x"]).map(
        lambda amount: (
            b'{"id":"%b","book":"b","debit_account":"%b","credit_account":"%b","amount":"%b"}'
            % (*(str(uuid7()).encode() for _ in range(3)), amount)
        )
    ),
    *(st.tuples(st.integers(1, 2), names, st.none() | names, names, names), st.booleans(), texts),
)


@given(st.lists(slips, max_size=5))
def test_slips_are_read_together_as_each_by_itself(sent: list[Slip]) -> None:
    for found, slip in zip(postings(sent), sent, strict=True):
        [draft] = wire.drafts_of([slip.raw])
        expected = None if draft is None else Posting(slip.book, False, [draft], slip.caller, slip.request_id)
        assert found == expected


codes = st.none() | st.sampled_from(Code)
told = st.builds(
    TransferResult, st.uuids(), st.just(Status.POSTED), codes, texts, value_day=st.just(739_000), replayed=st.booleans()
)
outcomes = told.map(lambda result: [result]) | st.just(Answered(503, "application/problem+json", b"{}"))


@given(st.lists(outcomes, max_size=5))
def test_slips_are_answered_together_as_each_by_itself(outcomes: list[Posted]) -> None:
    posting = Posting(uuid7(), False, [], (1, "ann", None, "jwt", ""), "request-1")
    for found, outcome in zip(answers([(posting, each) for each in outcomes]), outcomes, strict=True):
        if isinstance(outcome, Answered):
            assert found == outcome
        elif outcome[0].code is Code.APPROVAL_REQUIRED:
            assert found is None
        else:
            assert found == _answer_to(outcome[0])


def _answer_to(result: TransferResult) -> Answered:
    try:
        answer = wire.answer_transfer(result)
    except Problem as refusal:
        return Answered.of_failure(refusal, "request-1")
    return Answered(answer.status, wire.JSON, answer.body, dict(answer.headers))


def test_it_finishes_what_it_was_asked_and_ends_when_the_web_process_does(shop: Shop) -> None:
    last = asked(shop)
    raised: list[int] = []

    async def conversation(line: RemoteCounter, there: Desk) -> None:
        assert await there.serve(asked(shop)) is not None
        waiting = asyncio.create_task(there.serve(last))
        await asyncio.sleep(0.05)
        raised.append(await line.close())
        await waiting

    talk(conversation)
    assert raised == [0]
    assert Transfer.objects.filter(pk=UUID(msgspec.json.decode(last.raw)["id"])).exists()
