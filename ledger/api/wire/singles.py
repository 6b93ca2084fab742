"""The bodies of many requests that bring one transfer each, read and answered together."""

from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec import Struct

from ledger.api.wire import faults
from ledger.api.wire.attempts import attempt
from ledger.api.wire.bodies import NOT_DECODED, SingleIn, decode_transfer
from ledger.api.wire.plain import at_once
from ledger.domain.drafts import TransferDraft
from ledger.services.transfers import check

_OWN_KEYS = 2
"""The id and the book."""


class _BookOnly(Struct):
    """As much of a transfer's body as tells which book it is for."""

    book: str


_book_only = msgspec.json.Decoder(_BookOnly)
_single = msgspec.json.Decoder(SingleIn)


def book_named(raw: bytes) -> str | None:
    """The id or the code of the book that a transfer's body names; none where it is no such body."""
    try:
        return _book_only.decode(raw).book
    except NOT_DECODED:
        return None


def drafts_of(raws: Sequence[bytes]) -> Sequence[TransferDraft | None]:
    """The transfer of each body; none where a body is not in order."""
    try:
        drafts = _at_once(raws)
    except Exception:  # noqa: BLE001  # whosever it is, it is found when each is read by itself
        drafts = None
    return [attempt(partial(_draft, raw)) for raw in raws] if drafts is None else drafts


def _at_once(raws: Sequence[bytes]) -> list[TransferDraft] | None:
    """The transfers, where all of them are plain."""
    given = list(map(_single.decode, raws))
    plain = at_once(given)
    if plain is None or not faults.keys_are_single(b"".join(raws), plain.keys + _OWN_KEYS * len(given)):
        return None
    for draft in plain.drafts:
        check(draft)
    return plain.drafts


def _draft(raw: bytes) -> TransferDraft:
    draft = decode_transfer(raw).draft
    check(draft)
    return draft
