"""Bodies of many transfers are read and answered field by field, and as each by itself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.api import wire
from ledger.api.wire import answers
from ledger.api.wire.bodies import Batch
from ledger.api.wire.faults import Mistake
from ledger.api.wire.plain import at_once
from ledger.api.wire.transfers import TransferIn, count_keys, draft
from ledger.domain.drafts import TransferDraft
from ledger.domain.results import Status, TransferResult
from ledger.errors import LedgerError
from ledger.services.transfers import check
from qenex.kernel.money import UNIT
from qenex.kernel.problems import Problem

ID = UUID("0192f3a4-0000-7000-8000-000000000001")
OTHER = UUID("0192f3a4-0000-7000-8000-000000000002")
PLAIN = {"id": str(ID), "debit_account": str(ID), "credit_account": str(OTHER), "amount": "12.34"}
MORE: dict[str, st.SearchStrategy[Any]] = {
    "debit_account": st.sampled_from([None, str(OTHER)]),
    "credit_account": st.none(),
    "amount": st.sampled_from([None, "", "0", "0.00", "1", "1.5", "1.234", "-1", "1e3", "NaN", "1.00\n1.00", "9" * 21]),
    "kind": st.sampled_from(["posted", "hold", "hold_post", "hold_void"]),
    "code": st.integers(0, 9),
    "value_date": st.sampled_from([None, "2026-02-28"]),
    "reference": st.sampled_from(["", "rent", "a\0b"]),
    "metadata": st.sampled_from([None, {}, {"a": {"b": 1}}]),
    "origin": st.sampled_from([None, str(OTHER)]),
    "timeout": st.sampled_from([None, 60]),
    "final": st.booleans(),
}
TRANSFER = st.fixed_dictionaries({}, optional=MORE).map(lambda more: PLAIN | more)
FEW = st.fixed_dictionaries({}, optional={name: MORE[name] for name in ("code", "value_date", "reference")})


@given(
    st.lists(TRANSFER, min_size=1, max_size=3) | st.lists(FEW.map(lambda more: PLAIN | more), min_size=1, max_size=4)
)
@example([PLAIN, PLAIN | {"amount": "0.00"}])
def test_what_is_read_at_once_is_what_each_says(bodies: list[dict[str, Any]]) -> None:
    transfers = msgspec.json.decode(msgspec.json.encode(bodies), type=list[TransferIn])
    plain = at_once(transfers)
    if plain is None:
        return
    assert plain.keys == sum(map(count_keys, transfers))
    assert plain.drafts == [draft(each, each.id) for each in transfers]


@given(st.lists(FEW.map(lambda more: PLAIN | more), min_size=1, max_size=4))
def test_plain_transfers_are_read_at_once(bodies: list[dict[str, Any]]) -> None:
    transfers = msgspec.json.decode(msgspec.json.encode(bodies), type=list[TransferIn])
    wrong = any("\0" in body.get("reference", "") for body in bodies)
    assert (at_once(transfers) is None) is wrong


@given(TRANSFER)
def test_what_no_book_could_post_is_not_read_at_once(body: dict[str, Any]) -> None:
    transfer = msgspec.convert(body, TransferIn)
    try:
        draft(transfer, transfer.id)
    except Mistake:
        assert at_once([transfer]) is None


MISTAKES = st.sampled_from([b"", b"{", b"[]", b'{"id":1}', b"{},{}", b'"a"', b'{"book":"b","a":[1', b"2]}"])
RAW = MISTAKES | TRANSFER.map(lambda body: msgspec.json.encode(body | {"book": "b"}))
RAW_PLAIN = FEW.map(lambda more: msgspec.json.encode(PLAIN | more | {"book": "b"}))
TWICE = msgspec.json.encode(PLAIN | {"book": "b"}).replace(b'"amount"', b'"amount":"1","amount"')


@given(st.lists(RAW, min_size=1, max_size=4) | st.lists(RAW_PLAIN, min_size=1, max_size=4))
@example([TWICE, msgspec.json.encode(PLAIN | {"book": "b"})])
@example([b'{"book":"b","reference":"x', b'y"}'])
def test_bodies_of_one_transfer_are_read_together_as_each_by_itself(raws: list[bytes]) -> None:
    assert wire.drafts_of(raws) == [_by_itself(raw) for raw in raws]


def _by_itself(raw: bytes) -> TransferDraft | None:
    try:
        found = wire.decode_transfer(raw).draft
        check(found)
    except (Problem, LedgerError):
        return None
    return found


@given(RAW)
def test_a_body_names_its_book_whatever_else_it_says(raw: bytes) -> None:
    named = wire.book_named(raw)
    assert named in (None, "b")
    assert named or wire.drafts_of([raw]) == [None]


def test_nothing_is_nothing() -> None:
    assert at_once([]) is None


RESULT = st.builds(
    TransferResult,
    st.just(ID),
    st.sampled_from([Status.POSTED, Status.HELD, Status.VOIDED]),
    posted_at_us=st.integers(0, 3_000_000) | st.integers(1_790_000_000_000_000, 1_790_000_001_000_010),
    value_day=st.integers(date(2026, 1, 1).toordinal(), date(2026, 12, 31).toordinal()),
    debit_balance=st.integers(-3 * UNIT, 3 * UNIT) | st.integers(-999, 999).map(lambda cents: cents * UNIT // 100),
    credit_balance=st.integers(-(10**9), 10**9).map(lambda cents: cents * UNIT // 100),
    replayed=st.booleans(),
    places=st.sampled_from([2, 2, 2, 0, 18]),
)


@given(st.lists(RESULT, min_size=1, max_size=5))
def test_what_is_answered_at_once_is_what_each_is(results: list[TransferResult]) -> None:
    answer = answers.answer_batch(Batch("b", False, [], ()), results)
    assert msgspec.json.decode(answer.body) == {
        "results": [answers.result_document(each) for each in results],
        "posted": len(results),
        "refused": 0,
    }


@given(st.lists(RESULT.map(lambda result: msgspec.structs.replace(result, replayed=False)), max_size=5))
def test_bodies_of_one_result_are_made_together_as_each_by_itself(results: list[TransferResult]) -> None:
    assert wire.bodies_of(results) == [wire.answer_transfer(each).body for each in results]


@given(st.integers(0, 2 * 10**15))
def test_a_moment_is_the_one_that_python_reads(us: int) -> None:
    text = answers.moment_text(us)
    assert datetime.fromisoformat(text) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    assert len(text) == len("1970-01-01T00:00:00.000000Z")
