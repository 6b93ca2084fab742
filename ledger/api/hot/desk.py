"""Where requests of programs that are signed in become postings: what is in order is answered, the rest is left."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from channels.db import database_sync_to_async

from ledger.api import wire
from ledger.api.hot.answers import Answered
from ledger.api.hot.callers import Caller
from ledger.api.hot.counter import Counter
from ledger.api.hot.postings import Posting
from ledger.api.hot.principals import Principal
from ledger.api.hot.slips import Slip
from ledger.api.wire import POST, RESOLVE, Batch, Query
from ledger.domain.results import TransferResult
from ledger.references import find_book, remembered_book
from ledger.services.transfers import check
from qenex.kernel.problems import Problem

ASIDE_BYTES = 65_536
"""A larger batch is read, and its answer written, in a thread: the event loop has others to serve. A transfer by itself
has no need of so much, and is left to Django."""
logger = logging.getLogger(__name__)


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

    def serve(self, asked: Asked) -> Coroutine[Any, Any, Answered | None]:
        """The answer; none where the request is not in order, and then nothing was posted."""
        return self._serve_single(asked) if asked.single else self._serve_batch(asked)

    async def _serve_single(self, asked: Asked) -> Answered | None:
        """Hands the body on as it is, once it is clear that its sender may post in its book."""
        if len(asked.raw) > ASIDE_BYTES or POST not in asked.principal.permissions or not _names_json(asked):
            return None
        named = wire.book_named(asked.raw)
        book = None if named is None else await _book(asked, named)
        if book is None:
            return None
        resolves = RESOLVE in asked.principal.permissions
        return await self._counter.take(Slip(book, asked.raw, _caller(asked), resolves, asked.request_id))

    async def _serve_batch(self, asked: Asked) -> Answered | None:
        aside = len(asked.raw) > ASIDE_BYTES
        batch = await asyncio.to_thread(_in_order, asked) if aside else _in_order(asked)
        book = None if batch is None else await _book(asked, batch.book)
        if batch is None or book is None:
            return None
        posted = await self._counter.post(Posting(book, batch.linked, batch.drafts, _caller(asked), asked.request_id))
        if posted is None or isinstance(posted, Answered):
            return posted
        if aside:
            return await asyncio.to_thread(_answered, asked, batch, posted)
        return _answered(asked, batch, posted)


def _names_json(asked: Asked) -> bool:
    try:
        wire.check_single(asked.content_type, _query(asked))
    except Problem:
        return False
    return True


def _in_order(asked: Asked) -> Batch | None:
    """What the request asks for, where it asks for what it may and can have."""
    batch = wire.attempt(lambda: _batch(asked))
    return batch if batch and wire.permissions(batch.drafts) <= asked.principal.permissions else None


def _batch(asked: Asked) -> Batch:
    batch = wire.batch_of(asked.content_type, _query(asked), asked.raw)
    for draft in batch.drafts:
        check(draft)
    return batch


def _query(asked: Asked) -> Query:
    return parse_qs(asked.query.decode("latin-1"), keep_blank_values=True) if asked.query else {}


async def _book(asked: Asked, named: str) -> UUID | None:
    """The book of that id or code; none where there is none in the sender's reach."""
    book = remembered_book(named) or await _find_book(named)
    books = asked.principal.books
    return book if books is None or book in books else None


async def _find_book(named: str) -> UUID | None:
    try:
        found: UUID | None = await database_sync_to_async(find_book, thread_sensitive=False)(named)
    except Exception:  # Django's own way may be luckier, or tells what is wrong
        logger.exception("the fast path cannot find a book")
        return None
    return found


def _caller(asked: Asked) -> Caller:
    who = asked.principal
    return who.id, who.name, asked.address, who.method, who.key_id


def _answered(asked: Asked, batch: Batch, results: list[TransferResult]) -> Answered:
    return Answered.of(lambda: wire.answer_batch(batch, results), asked.request_id)
