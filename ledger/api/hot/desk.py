"""Where requests of programs that are signed in become postings: what is in order is answered, the rest is left."""

import asyncio
import logging
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from channels.db import database_sync_to_async

from ledger.api import wire
from ledger.api.hot.answers import Answered
from ledger.api.hot.counter import Counter, Posting
from ledger.api.hot.principals import Principal
from ledger.api.wire import Answer, Batch, Single
from ledger.domain.drafts import Drafts
from ledger.domain.results import Code, TransferResult
from ledger.errors import LedgerError
from ledger.references import find_book, remembered_book
from ledger.services.transfers import check
from qenex.kernel.problems import Problem

ASIDE_BYTES = 65_536
"""A larger body is read, and its answer written, in a thread: the event loop has others to serve."""
logger = logging.getLogger(__name__)
Decoded = Single | Batch


class Asked(msgspec.Struct, gc=False):
    """A request, and who sends it."""

    single: bool
    """One transfer, or a batch of them."""
    content_type: str
    query: bytes
    raw: bytes
    principal: Principal
    address: str | None
    request_id: str


class Desk:
    """Reads requests, has them posted at a counter, and writes the answers."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def start(self) -> None:
        """Makes ready what takes its time."""
        self._counter.start()

    async def serve(self, asked: Asked) -> Answered | None:
        """The answer; none where the request is not in order, and then nothing was posted."""
        aside = len(asked.raw) > ASIDE_BYTES
        decoded = await asyncio.to_thread(_in_order, asked) if aside else _in_order(asked)
        if decoded is None:
            return None
        book = remembered_book(decoded.book) or await _find_book(decoded.book)
        if book is None or not _reaches(asked.principal, book):
            return None
        posted = await self._counter.post(_posting(asked, decoded, book))
        if posted is None or isinstance(posted, Answered):
            return posted
        if _takes_two(decoded, posted):
            return None  # nothing was posted; Django's way asks for the approval
        if aside:
            return await asyncio.to_thread(_answered, asked, decoded, posted)
        return _answered(asked, decoded, posted)


def _in_order(asked: Asked) -> Decoded | None:
    """What the request asks for, where it asks for what it may and can have."""
    try:
        decoded = _decode(asked)
        drafts = _drafts(decoded)
        for draft in drafts:
            check(draft)
    except (Problem, LedgerError):
        return None
    except Exception:  # what one request brings must not end the process that serves all; Django's way answers it
        logger.exception("the fast path cannot read a request")
        return None
    return decoded if wire.permissions(drafts) <= asked.principal.permissions else None


def _decode(asked: Asked) -> Decoded:
    """Raises Problem."""
    query = parse_qs(asked.query.decode("latin-1"), keep_blank_values=True) if asked.query else {}
    decode = wire.single_of if asked.single else wire.batch_of
    return decode(asked.content_type, query, asked.raw)


def _drafts(decoded: Decoded) -> Drafts:
    return [decoded.draft] if isinstance(decoded, Single) else decoded.drafts


async def _find_book(named: str) -> UUID | None:
    try:
        found: UUID | None = await database_sync_to_async(find_book, thread_sensitive=False)(named)
    except Exception:  # Django's own way may be luckier, or tells what is wrong
        logger.exception("the fast path cannot find a book")
        return None
    return found


def _posting(asked: Asked, decoded: Decoded, book: UUID) -> Posting:
    who = asked.principal
    return Posting(
        book,
        isinstance(decoded, Batch) and decoded.linked,
        _drafts(decoded),
        who.id,
        who.name,
        asked.address,
        who.method,
        asked.request_id,
        who.key_id,
    )


def _reaches(principal: Principal, book: UUID) -> bool:
    return principal.books is None or book in principal.books


def _takes_two(decoded: Decoded, results: list[TransferResult]) -> bool:
    return isinstance(decoded, Single) and results[0].code is Code.APPROVAL_REQUIRED


def _answered(asked: Asked, decoded: Decoded, results: list[TransferResult]) -> Answered:
    try:
        answer = _answer(decoded, results)
    except Exception as failure:  # noqa: BLE001  # whatever it is, the client gets an answer
        return Answered.of_failure(failure, asked.request_id)
    return Answered(answer.status, wire.JSON, answer.body, dict(answer.headers))


def _answer(decoded: Decoded, results: list[TransferResult]) -> Answer:
    """Raises Problem where a single transfer or a linked batch was refused."""
    if isinstance(decoded, Single):
        return wire.answer_transfer(results[0])
    return wire.answer_batch(decoded, results)
