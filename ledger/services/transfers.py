"""Posting transfers, the one way in which money moves."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings

from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.results import TransferResult
from ledger.engine.batch import Submission
from ledger.engine.load import BookNotFound
from ledger.engine.post import post
from ledger.errors import Invalid, NotFound
from ledger.models import Account, Book
from qenex.kernel import canonical, context, scope
from qenex.kernel.ids import uuid7
from qenex.kernel.money import SCALE, UNIT, AmountProblem, from_decimal, parse

BookRef = Book | UUID | str
"""A book, its id, or its code."""
MAX_CODE = 2**31 - 1
MAX_REFERENCE = 200
MAX_METADATA_BYTES = 8_192
MAX_TIMEOUT = 10 * 366 * 86_400
_TYPES: dict[str, tuple[Any, str]] = {
    "code": (int, "a whole number"),
    "reference": (str, "a text"),
    "metadata": (dict | None, "an object"),
    "timeout": (int | None, "a whole number of seconds"),
    "final": (bool, "true or false"),
}
_KINDS = {"posted": Kind.POSTED, "hold": Kind.HOLD, "hold_post": Kind.HOLD_POST, "hold_void": Kind.HOLD_VOID}


def transfers_post(
    *, book: BookRef, transfers: Iterable[TransferDraft | Mapping[str, Any]], linked: bool = False
) -> list[TransferResult]:
    """Posts a batch in its order and returns one result per transfer, in order; none is raised for a refused transfer.

    A transfer is a TransferDraft, or a mapping with `id` (made when absent), `debit_account`, `credit_account` (an
    Account or its id), `amount` (Decimal, decimal string or whole number; never float) and optionally `kind`, `code`,
    `value_date`, `reference`, `metadata`, `origin`, `timeout`, `final`, as in TransferDraft.
    `linked`: all succeed or none does.
    Raises Invalid for what is malformed and NotFound for a book that is unknown or out of the actor's reach; nothing
    was written then.
    Raises transactions.Busy where the book's lock or the database is not to be had, or its answer was lost: the same
    transfers with the same ids are safe to send again.
    """
    drafts = [each if isinstance(each, TransferDraft) else draft(each) for each in transfers]
    return submit(book=book, submission=Submission(drafts, context.current(), linked=linked))


def submit(*, book: BookRef, submission: Submission) -> list[TransferResult]:
    """Posts one caller's submission. Raises as `transfers_post`."""
    if not submission.drafts:
        return []
    check_size(len(submission.drafts))
    for each in submission.drafts:
        check(each)
    key = book_id(book)
    require_reach(key)
    try:
        post(key, [submission])
    except BookNotFound as error:
        raise NotFound(str(error)) from error
    return submission.results


def book_id(book: BookRef) -> UUID:
    """The id of a book. Raises NotFound for an unknown code."""
    if isinstance(book, Book):
        return book.pk
    if isinstance(book, UUID):
        return book
    try:
        return Book.objects.values_list("pk", flat=True).get(code=book)
    except Book.DoesNotExist:
        raise NotFound(f"there is no book {book!r}") from None


def require_reach(book: UUID) -> None:
    """Raises NotFound where the book is out of reach of whoever is acting: what they may not see is not there."""
    if not scope.allows(book):
        raise NotFound(f"there is no book {book}")


def check_size(count: int) -> None:
    """Raises Invalid where a batch has more transfers than one transaction takes."""
    if count > settings.LEDGER_BATCH_MAX:
        raise Invalid("transfers", f"a batch takes at most {settings.LEDGER_BATCH_MAX} transfers, not {count}")


def check(each: TransferDraft) -> None:
    """Raises Invalid for what no table could hold. Which transfers are allowed is for the rules to say."""
    if not 0 <= each.code <= MAX_CODE:
        raise Invalid("code", f"must be between 0 and {MAX_CODE}")
    if each.reference:
        check_text("reference", each.reference, MAX_REFERENCE)
    if each.kind is Kind.HOLD_PART:
        raise Invalid("kind", "a part of a hold is posted by a post that is not final")
    if each.timeout is not None and not 1 <= each.timeout <= MAX_TIMEOUT:
        raise Invalid("timeout", f"must be between 1 and {MAX_TIMEOUT} seconds")
    if each.timeout is not None and each.kind is not Kind.HOLD:
        raise Invalid("timeout", "only a hold runs out of time")
    if each.metadata:
        check_metadata(each.metadata)


def check_text(field: str, text: str, longest: int) -> None:
    """Raises Invalid where a text is too long, or holds what PostgreSQL's text cannot."""
    if len(text) > longest or "\0" in text:
        raise Invalid(field, f"must have at most {longest} characters and no NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(field, "must not hold half of a surrogate pair") from None


def check_metadata(metadata: dict[str, Any]) -> None:
    """Raises Invalid where metadata has no canonical form, or is too large."""
    try:
        encoded = canonical.encode(metadata)
    except (TypeError, ValueError, AttributeError, RecursionError):
        raise Invalid("metadata", "must be an object without floating-point numbers: write them as strings") from None
    if len(encoded) > MAX_METADATA_BYTES:
        raise Invalid("metadata", f"must have at most {MAX_METADATA_BYTES} bytes as JSON")
    if b"\\u0000" in encoded:
        raise Invalid("metadata", "must not hold NUL characters")


def draft(fields: Mapping[str, Any]) -> TransferDraft:
    """A draft from a mapping. Raises Invalid naming the field."""
    unknown = fields.keys() - TransferDraft.__struct_fields__
    if unknown:
        raise Invalid(min(unknown), "is not a field of a transfer")
    _check_types(fields)
    return TransferDraft(
        id=_uuid(fields, "id") or uuid7(),
        debit_account=_uuid(fields, "debit_account"),
        credit_account=_uuid(fields, "credit_account"),
        amount=_units(fields.get("amount", 0)),
        kind=_kind(fields.get("kind", Kind.POSTED)),
        code=fields.get("code", 1),
        value_date=_date(fields.get("value_date")),
        reference=fields.get("reference", ""),
        metadata=fields.get("metadata"),
        origin=_uuid(fields, "origin"),
        timeout=fields.get("timeout"),
        final=fields.get("final", True),
    )


def _check_types(fields: Mapping[str, Any]) -> None:
    for name, (type, what) in _TYPES.items():
        value = fields.get(name)
        if name in fields and (not isinstance(value, type) or (isinstance(value, bool) and type is not bool)):
            raise Invalid(name, f"must be {what}")


def _uuid(fields: Mapping[str, Any], name: str) -> UUID | None:
    value = fields.get(name)
    if value is None or isinstance(value, UUID):
        return value
    if isinstance(value, Account):
        return value.pk
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise Invalid(name, "must be a UUID") from None


def _units(value: Any) -> int:
    try:
        if isinstance(value, Decimal):
            return from_decimal(value)
        if isinstance(value, str):
            return parse(value, SCALE)
    except AmountProblem as problem:
        raise Invalid("amount", str(problem)) from problem
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value) * UNIT
    raise Invalid("amount", "must be a Decimal, a decimal string or a whole number")


def _kind(value: Any) -> Kind:
    try:
        return _KINDS[value] if isinstance(value, str) else Kind(value)
    except (KeyError, ValueError):
        raise Invalid("kind", f"must be one of {', '.join(_KINDS)}") from None


def _date(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        raise Invalid("value_date", "must be a date such as 2026-01-31") from None
