"""What became of transfers, as answers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger.api.problems import REFUSALS
from ledger.api.wire.bodies import Batch
from ledger.domain.results import Code, TransferResult
from qenex.kernel.idempotent import REPLAYED
from qenex.kernel.money import format_all, format_units
from qenex.kernel.problems import Fault, Problem, pointer

FAULTS_MAX = 100
_FIELDS = {
    Code.AMOUNT_PRECISION: "amount",
    Code.AMOUNT_RANGE: "amount",
    Code.HOLD_EXCEEDED: "amount",
    Code.HOLD_NOT_FOUND: "origin",
    Code.HOLD_RESOLVED: "origin",
    Code.ID_REUSED: "id",
    Code.REVERSAL_EXCEEDED: "amount",
    Code.REVERSAL_NOT_POSSIBLE: "origin",
    Code.SAME_ACCOUNT: "credit_account",
}
"""Which member of a transfer a refusal is about; the others are about all of it."""


class Answer(NamedTuple):
    """An answer as every transport sends it."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class ResultOut(msgspec.Struct, gc=False):
    """A transfer's result; the members of one that was refused are null but for the reason."""

    id: UUID
    status: str
    code: str | None
    detail: str | None
    posted_at: str | None
    value_date: str | None
    debit_balance: str | None
    credit_balance: str | None
    replayed: bool


class BatchOut(msgspec.Struct):
    """The results of a batch, in the order of its transfers."""

    results: list[ResultOut]
    posted: int
    refused: int


_encoder = msgspec.json.Encoder()


def answer_transfer(result: TransferResult) -> Answer:
    """The answer to one transfer: 201, or 200 where it is given again. Raises Problem where it was refused."""
    if result.code is not None:
        raise Problem(REFUSALS[result.code], result.detail, faults=[_fault(result.code, result.detail, ())])
    body = _encoder.encode(_out(result))
    return Answer(200, body, {REPLAYED: "true"}) if result.replayed else Answer(201, body, {})


def bodies_of(results: Sequence[TransferResult]) -> list[bytes]:
    """The bodies that `answer_transfer` gives of each of these, which were not refused."""
    return _encoder.encode_lines(_outs(results)).splitlines()


def answer_batch(batch: Batch, results: Sequence[TransferResult]) -> Answer:
    """The answer to a batch. Raises Problem where it is linked and failed."""
    refused = sum(result.code is not None for result in results)
    if refused and batch.linked:
        raise failure(results, batch.path)
    outs = [_out(result) for result in results] if refused else _outs(results)
    out = BatchOut(outs, len(results) - refused, refused)
    return Answer(200, _encoder.encode(out), {})


def failure(results: Sequence[TransferResult], path: Sequence[str] = ("transfers",)) -> Problem:
    """The problem of transfers that stand or fall together: it points to those that made them fall."""
    faults = [
        _fault(result.code, result.detail, (*path, str(position)))
        for position, result in enumerate(results)
        if result.code is not None and result.code is not Code.LINKED_FAILED
    ]
    detail = f"Nothing was posted: {len(faults)} of {len(results)} transfers were refused."
    return Problem(REFUSALS[Code.LINKED_FAILED], detail, faults=faults[:FAULTS_MAX])


def result_document(result: TransferResult) -> dict[str, Any]:
    """The result as JSON's own types."""
    document: dict[str, Any] = msgspec.to_builtins(_out(result))
    return document


def moment_text(us: int) -> str:
    """RFC 3339 with microseconds, of so many of them since 1970."""
    digits = str(us).rjust(7, "0")
    return f"{_second(digits[:-6])}.{digits[-6:]}Z"


def _moments(us: Sequence[int]) -> list[str]:
    """The same of many, which are seldom of two seconds."""
    first, last = min(us) // 1_000_000, max(us) // 1_000_000
    if first != last or not first:  # in the first second of all there may be fewer digits
        return [moment_text(each) for each in us]
    lead = f"{_second(str(first))}."
    return [f"{lead}{digits[-6:]}Z" for digits in map(str, us)]


@lru_cache(maxsize=16)
def _second(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=64)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _out(result: TransferResult) -> ResultOut:
    if result.code is not None:
        code, detail = result.code.value, result.detail
        return ResultOut(result.id, result.status.value, code, detail, None, None, None, None, result.replayed)
    return ResultOut(
        result.id,
        result.status,
        None,
        None,
        moment_text(result.posted_at_us),
        _day(result.value_day),
        format_units(result.debit_balance, result.places),
        format_units(result.credit_balance, result.places),
        result.replayed,
    )


def _outs(results: Sequence[TransferResult]) -> list[ResultOut]:
    """The same for many that were not refused, field by field."""
    if not results or [result.places for result in results].count(results[0].places) < len(results):
        return [_out(result) for result in results]
    places = results[0].places
    return list(
        map(
            ResultOut,
            *([result.id for result in results], [result.status for result in results], repeat(None), repeat(None)),
            _moments([result.posted_at_us for result in results]),
            [_day(result.value_day) for result in results],
            format_all([result.debit_balance for result in results], places),
            format_all([result.credit_balance for result in results], places),
            [result.replayed for result in results],
        )
    )


def _fault(code: Code, detail: str, path: Sequence[str]) -> Fault:
    field = _FIELDS.get(code)
    return Fault(code.value, detail, pointer(path if field is None else (*path, field)))
