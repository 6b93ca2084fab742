"""One transfer as clients send it, and the draft that it becomes."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.api.wire.faults import Mistake, malformed
from ledger.domain.drafts import Kind, TransferDraft
from ledger.errors import Invalid
from ledger.services.transfers import MAX_CODE, MAX_REFERENCE, MAX_TIMEOUT, check_metadata
from qenex.kernel.money import AmountProblem, parse

KINDS = {"posted": Kind.POSTED, "hold": Kind.HOLD, "hold_post": Kind.HOLD_POST, "hold_void": Kind.HOLD_VOID}
MAX_DEPTH = 32
"""How deeply metadata may be nested."""
_POSTED, _HOLD = Kind.POSTED, Kind.HOLD


class Leg(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A transfer whose id may be left open. What is not given stays unset, which is how doubled keys are found."""

    id: UUID | UnsetType = UNSET
    debit_account: UUID | UnsetType | None = UNSET
    credit_account: UUID | UnsetType | None = UNSET
    amount: str | UnsetType | None = UNSET
    kind: Literal["posted", "hold", "hold_post", "hold_void"] | UnsetType = UNSET
    code: Annotated[int, Meta(ge=0, le=MAX_CODE)] | UnsetType = UNSET
    value_date: date | UnsetType | None = UNSET
    reference: Annotated[str, Meta(max_length=MAX_REFERENCE)] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET
    origin: UUID | UnsetType | None = UNSET
    timeout: Annotated[int, Meta(ge=1, le=MAX_TIMEOUT)] | UnsetType | None = UNSET
    final: bool | UnsetType = UNSET


class TransferIn(Leg, kw_only=True, gc=False):
    """A transfer under the client's own id, by which a repetition is recognised."""

    id: UUID


def draft(given: Leg, id: UUID) -> TransferDraft:
    """The draft of a transfer. Raises Mistake for what no book could post."""
    kind = _POSTED if given.kind is UNSET else KINDS[given.kind]
    if kind is _POSTED or kind is _HOLD:
        _check_new(given, kind)
    else:
        _check_resolving(given, kind)
    # What is unset is false, and so becomes none.
    return TransferDraft(
        id,
        given.debit_account or None,
        given.credit_account or None,
        _units(given.amount, kind),
        kind,
        1 if given.code is UNSET else given.code,
        given.value_date or None,
        _reference(given.reference) if given.reference else "",
        _metadata(given.metadata) if given.metadata else None,
        given.origin or None,
        given.timeout or None,
        given.final is not False,
    )


def count_keys(given: Leg) -> int:
    """How many keys the transfer was given with, its id and book apart."""
    return (
        (given.debit_account is not UNSET)
        + (given.credit_account is not UNSET)
        + (given.amount is not UNSET)
        + (given.kind is not UNSET)
        + (given.code is not UNSET)
        + (given.value_date is not UNSET)
        + (given.reference is not UNSET)
        + (given.metadata is not UNSET and 1 + nested_keys(given.metadata))
        + (given.origin is not UNSET)
        + (given.timeout is not UNSET)
        + (given.final is not UNSET)
    )


def nested_keys(value: Any, depth: int = 1) -> int:
    """How many keys there are in a value. Raises Problem where it is nested too deeply to be read by everybody."""
    if not isinstance(value, dict | list):
        return 0
    if depth > MAX_DEPTH:
        raise malformed("The body is nested too deeply.")
    inner = value.values() if isinstance(value, dict) else value
    own = len(value) if isinstance(value, dict) else 0
    return own + sum(nested_keys(each, depth + 1) for each in inner)


def _check_new(given: Leg, kind: Kind) -> None:
    if not (given.debit_account and given.credit_account):
        raise Mistake("credit_account" if given.debit_account else "debit_account", "required", "It is required.")
    if given.origin:
        raise Mistake("origin", "not_applicable", "Only what acts on a hold has an origin.")
    if given.timeout and kind is not _HOLD:
        raise Mistake("timeout", "not_applicable", "Only a hold runs out of time.")
    if given.final is not UNSET:
        raise Mistake("final", "not_applicable", "Only the post of a hold is final or not.")


def _check_resolving(given: Leg, kind: Kind) -> None:
    if not given.origin:
        raise Mistake("origin", "required", "It is required: the id of the hold.")
    for field in ("debit_account", "credit_account", "timeout"):
        if getattr(given, field):
            raise Mistake(field, "not_applicable", "It is the hold's.")
    if kind is Kind.HOLD_VOID and given.final is not UNSET:
        raise Mistake("final", "not_applicable", "Only the post of a hold is final or not.")


def _units(amount: str | UnsetType | None, kind: Kind) -> int:
    """Units of the amount; 0 where what acts on a hold leaves it open."""
    if amount is UNSET or amount is None:
        if kind is _POSTED or kind is _HOLD:
            raise Mistake("amount", "required", "It is required.")
        return 0
    try:
        units = parse(amount)
    except AmountProblem as problem:
        raise _amount_mistake(amount, problem) from None
    if not units:
        raise Mistake("amount", "positive", "Must be greater than zero.")
    return units


def _amount_mistake(amount: str, problem: AmountProblem) -> Mistake:
    whole, _, fraction = amount.partition(".")
    plain = amount.isascii() and whole.isdigit() and fraction.isdigit() and len(whole) <= 20
    if plain:
        return Mistake("amount", "amount_precision", "No asset has more than 18 decimal places.")
    reason = str(problem)
    return Mistake("amount", "format", f"{reason[:1].upper()}{reason[1:]}.")


def _reference(text: str) -> str:
    if "\0" in text:
        raise Mistake("reference", "invalid", "Must not hold NUL characters.")
    return text


def _metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        check_metadata(metadata)
    except Invalid as error:
        raise Mistake("metadata", "invalid", f"{error.message[:1].upper()}{error.message[1:]}.") from None
    return metadata
