"""Requests' bodies: what they may hold, and how they become drafts."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, NamedTuple, TypeVar
from uuid import UUID, uuid5

import msgspec
from django.conf import settings
from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.api.wire import faults
from ledger.api.wire.plain import Plain, at_once
from ledger.api.wire.transfers import Leg, TransferIn, count_keys, draft, nested_keys
from ledger.domain.drafts import TransferDraft
from ledger.services.transfers import MAX_REFERENCE
from qenex.kernel import problems
from qenex.kernel.ids import uuid7
from qenex.kernel.problems import Fault, Problem, pointer

JSON = "application/json"
NDJSON = "application/x-ndjson"
FAULTS_MAX = 100
DESCRIPTION_MAX = 2_000
NOT_DECODED = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_CHARSETS = frozenset({"", "utf-8", "utf8"})
T = TypeVar("T")
Path = Sequence[str]
Query = Mapping[str, Sequence[str]]
"""The values of each parameter."""


class SingleIn(TransferIn, kw_only=True):
    """The body of POST transfers."""

    book: str


class BatchIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of POST transfers/batch."""

    book: str
    linked: bool | UnsetType = UNSET
    transfers: list[TransferIn]


class JournalIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of POST journals."""

    book: str
    transfers: list[Leg]
    id: UUID | UnsetType = UNSET
    reference: Annotated[str, Meta(max_length=MAX_REFERENCE)] | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=DESCRIPTION_MAX)] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET


class Single(NamedTuple):
    """One transfer and the book, by id or code, that it is for."""

    book: str
    draft: TransferDraft


class Batch(NamedTuple):
    """Transfers of one book, and where in the body they stood."""

    book: str
    linked: bool
    drafts: list[TransferDraft]
    path: Path


class JournalBody(NamedTuple):
    """A journal that is to be posted."""

    book: str
    id: UUID
    reference: str
    description: str
    metadata: dict[str, Any]
    drafts: list[TransferDraft]


_single: msgspec.json.Decoder[SingleIn] = msgspec.json.Decoder(SingleIn)
_batch: msgspec.json.Decoder[BatchIn] = msgspec.json.Decoder(BatchIn)
_line: msgspec.json.Decoder[TransferIn] = msgspec.json.Decoder(TransferIn)
_journal: msgspec.json.Decoder[JournalIn] = msgspec.json.Decoder(JournalIn)


def media_type(header: str | None, *allowed: str) -> str:
    """Which of the media types the Content-Type header names. Raises Problem (415) for others, and not UTF-8."""
    if header in allowed:
        return header
    name, *parameters = (header or "").split(";")
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset" and value.strip(' "').lower() not in _CHARSETS:
            raise Problem(problems.UNSUPPORTED_MEDIA_TYPE)
    if name.strip().lower() not in allowed:
        raise Problem(problems.UNSUPPORTED_MEDIA_TYPE, f"Send {' or '.join(allowed)} in UTF-8.")
    return name.strip().lower()


def single_of(content_type: str, query: Query, raw: bytes) -> Single:
    """The transfer of a request. Raises Problem."""
    check_single(content_type, query)
    return decode_transfer(raw)


def check_single(content_type: str, query: Query) -> None:
    """Raises Problem where a request of one transfer says wrong things of its body."""
    media_type(content_type, JSON)
    _check_query(query)


def batch_of(content_type: str, query: Query, raw: bytes) -> Batch:
    """The transfers of a request: what a JSON body says in itself, the query says for lines. Raises Problem."""
    if media_type(content_type, JSON, NDJSON) == JSON:
        _check_query(query)
        return decode_batch(raw)
    _check_query(query, "book", "linked")
    book, linked = query.get("book", [""])[0], query.get("linked", ["false"])[0]
    if not book:
        raise faults.invalid(Fault("required", "It is required: the book's id or code.", parameter="book"))
    if linked not in ("true", "false"):
        raise faults.invalid(Fault("invalid", "Must be true or false.", parameter="linked"))
    return decode_lines(raw, book, linked == "true")


def journal_of(content_type: str, query: Query, raw: bytes) -> JournalBody:
    """The journal of a request. Raises Problem."""
    media_type(content_type, JSON)
    _check_query(query)
    return decode_journal(raw)


def _check_query(query: Query, *allowed: str) -> None:
    """A parameter that nobody reads may be one that the client relies on."""
    for name, values in query.items():
        if name not in allowed:
            raise faults.invalid(Fault("unknown_parameter", "There is no such parameter.", parameter=name))
        if len(values) != 1:
            raise faults.invalid(Fault("invalid", "Must be given once.", parameter=name))


def decode_transfer(raw: bytes) -> Single:
    """The transfer of a body. Raises Problem."""
    given = _decode(_single, raw)
    faults.require_single_keys(raw, count_keys(given) + 2)
    try:
        return Single(given.book, draft(given, given.id))
    except faults.Mistake as mistake:
        raise faults.invalid(mistake.fault(())) from None


def decode_batch(raw: bytes) -> Batch:
    """The transfers of a JSON body. Raises Problem."""
    given = _decode(_batch, raw)
    own, path = 2 + (given.linked is not UNSET), ("transfers",)
    plain = at_once(given.transfers)
    faults.require_single_keys(raw, own + _keys(given.transfers, plain))
    return Batch(given.book, given.linked is True, _batch_drafts(given.transfers, plain, path), path)


def decode_lines(raw: bytes, book: str, linked: bool) -> Batch:
    """The transfers of a body with one JSON object a line; pointers count the objects from 0. Raises Problem."""
    given: list[TransferIn] = []
    lines = [line for line in raw.split(b"\n") if line and not line.isspace()]
    for line in lines:
        try:
            given.append(_line.decode(line))
        except NOT_DECODED as error:
            raise faults.of_decoding(error, (str(len(given)),)) from None
    plain = at_once(given)
    if not faults.keys_are_single(raw, _keys(given, plain)):
        for position, line in enumerate(lines):
            faults.check_keys(line, (str(position),))
    return Batch(book, linked, _batch_drafts(given, plain, ()), ())


def decode_journal(raw: bytes) -> JournalBody:
    """The journal of a body. Raises Problem.

    The ids of transfers that are given without one follow from the journal's, so that the same body is recognised.
    """
    given = _decode(_journal, raw)
    metadata = given.metadata or None
    named = (given.id, given.reference, given.description, given.metadata)
    own = 2 + sum(each is not UNSET for each in named) + nested_keys(metadata)
    legs = given.transfers
    keys = sum(count_keys(leg) + (leg.id is not UNSET) for leg in legs)
    faults.require_single_keys(raw, own + keys)
    _check_texts(reference=given.reference or "", description=given.description or "")
    id = uuid7() if given.id is UNSET else given.id
    ids = [uuid5(id, str(position)) if leg.id is UNSET else leg.id for position, leg in enumerate(legs)]
    drafts = _drafts(legs, ids, ("transfers",))
    return JournalBody(given.book, id, given.reference or "", given.description or "", metadata or {}, drafts)


def _check_texts(**texts: str) -> None:
    for field, text in texts.items():
        if "\0" in text:
            raise faults.invalid(Fault("invalid", "Must not hold NUL characters.", pointer((field,))))


def _decode(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    try:
        return decoder.decode(raw)
    except NOT_DECODED as error:
        raise faults.of_decoding(error) from None


def _keys(given: Sequence[TransferIn], plain: Plain | None) -> int:
    """How many keys the transfers were given with."""
    return len(given) + (plain.keys if plain else sum(map(count_keys, given)))


def _batch_drafts(given: Sequence[TransferIn], plain: Plain | None, path: Path) -> list[TransferDraft]:
    if plain is None:
        return _drafts(given, [each.id for each in given], path)
    _check_size(len(given), path)
    return plain.drafts


def _drafts(given: Sequence[TransferIn] | Sequence[Leg], ids: Sequence[UUID], path: Path) -> list[TransferDraft]:
    """The drafts, or a Problem with what is wrong with the first hundred that are."""
    _check_size(len(given), path)
    try:
        return list(map(draft, given, ids))
    except faults.Mistake:
        raise faults.invalid(*islice(_mistakes(given, ids, path), FAULTS_MAX)) from None


def _mistakes(given: Sequence[Leg], ids: Sequence[UUID], path: Path) -> Iterator[Fault]:
    for position, (each, id) in enumerate(zip(given, ids, strict=True)):
        try:
            draft(each, id)
        except faults.Mistake as mistake:
            yield mistake.fault((*path, str(position)))


def _check_size(count: int, path: Path) -> None:
    if not count:
        raise faults.invalid(Fault("empty", "There must be at least one transfer.", pointer(path)))
    if count > settings.LEDGER_BATCH_MAX:
        detail = f"There may be at most {settings.LEDGER_BATCH_MAX} transfers, not {count}."
        raise faults.invalid(Fault("max_length", detail, pointer(path)))
