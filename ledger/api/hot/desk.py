"""Where requests of programs that are signed in become postings: what is in order is answered, the rest is left."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from django.db import connection

from ledger.api import wire
from ledger.api.wire import Answer, Batch, Single
from ledger.domain.drafts import Drafts
from ledger.domain.results import Code, TransferResult
from ledger.engine.batch import Submission
from ledger.engine.group import GroupCommit
from ledger.errors import LedgerError
from ledger.references import find_book, remembered_book
from ledger.services.transfers import check
from qenex.kernel import problems
from qenex.kernel.context import Context
from qenex.kernel.problems import Problem
from qenex.kernel.scope import Books

THREADS = 4
"""Books that post at the same time in one process."""
logger = logging.getLogger(__name__)
Decoded = Single | Batch


class Asked(msgspec.Struct, array_like=True, gc=False):
    """A request, and who sends it."""

    single: bool
    """One transfer, or a batch of them."""
    content_type: str
    query: bytes
    raw: bytes
    actor_id: int
    actor: str
    method: str
    permissions: frozenset[str]
    books: Books
    address: str | None
    request_id: str
    key_id: str


class Answered(msgspec.Struct, array_like=True, gc=False):
    """The answer to a request."""

    status: int
    media_type: str
    body: bytes
    headers: dict[str, str] = {}


Done = Callable[[Answered | None], None]


class Desk(Protocol):
    """Whoever answers requests."""

    def start(self) -> None:
        """Makes ready what takes its time."""
        ...

    async def serve(self, asked: Asked) -> Answered | None:
        """The answer; none where the request is not in order, and then nothing was posted."""
        ...


class OwnDesk:
    """Answers in this process, on one event loop."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="posting")
        self._group: GroupCommit | None = None

    def start(self) -> None:
        """There is nothing to make ready."""

    async def serve(self, asked: Asked) -> Answered | None:
        """The answer; none where the request is not in order, and then nothing was posted."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answered | None] = loop.create_future()

        def done(answered: Answered | None) -> None:
            if not future.done():  # a client that has gone away has cancelled its own
                future.set_result(answered)

        self.take(asked, done)
        return await future

    def take(self, asked: Asked, done: Done) -> None:
        """As `serve`, for those who wait in a way of their own: calls `done`, maybe at once, on the event loop."""
        decoded = _in_order(asked)
        if decoded is None:
            done(None)
            return
        book = remembered_book(decoded.book)
        if book is not None:
            self._submit(asked, decoded, book, done)
            return
        loop = asyncio.get_running_loop()
        found = loop.run_in_executor(self._executor, _find_book, decoded.book)
        found.add_done_callback(lambda future: self._found(asked, decoded, future.result(), done))

    def _found(self, asked: Asked, decoded: Decoded, book: UUID | None, done: Done) -> None:
        if book is None:
            done(None)
        else:
            self._submit(asked, decoded, book, done)

    def _submit(self, asked: Asked, decoded: Decoded, book: UUID, done: Done) -> None:
        if asked.books is not None and book not in asked.books:
            done(None)
            return
        submission = Submission(_drafts(decoded), _context(asked), linked=isinstance(decoded, Batch) and decoded.linked)

        def committed(error: Exception | None) -> None:
            if error is None and _takes_two(decoded, submission):
                done(None)  # nothing was posted; Django's way asks for the approval
            else:
                done(_answered(asked, decoded, submission, error))

        if self._group is None:
            self._group = GroupCommit(self._executor, asyncio.get_running_loop().call_soon_threadsafe)
        self._group.submit(book, submission, committed)


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
    return decoded if wire.permissions(drafts) <= asked.permissions else None


def _drafts(decoded: Decoded) -> Drafts:
    return [decoded.draft] if isinstance(decoded, Single) else decoded.drafts


def _takes_two(decoded: Decoded, submission: Submission) -> bool:
    return isinstance(decoded, Single) and submission.results[0].code is Code.APPROVAL_REQUIRED


def _answered(asked: Asked, decoded: Decoded, submission: Submission, error: Exception | None) -> Answered:
    try:
        if error is not None:
            raise error
        answer = _answer(decoded, submission.results)
    except Exception as failure:  # noqa: BLE001  # whatever it is, the client gets an answer
        problem = problems.of(failure) or _defect(failure)
        body = problem.body(asked.request_id)
        return Answered(problem.kind.status, problems.CONTENT_TYPE, body, dict(problem.headers))
    return Answered(answer.status, wire.JSON, answer.body, dict(answer.headers))


def _defect(error: Exception) -> Problem:
    logger.error("the fast path failed", exc_info=error)
    return Problem(problems.SERVER_ERROR)


def _find_book(named: str) -> UUID | None:
    try:
        return find_book(named)
    except Exception:  # Django's own way may be luckier, or tells what is wrong
        logger.exception("the fast path cannot find a book")
        return None
    finally:
        connection.close()


def _decode(asked: Asked) -> Decoded:
    """Raises Problem."""
    query = parse_qs(asked.query.decode("latin-1"), keep_blank_values=True) if asked.query else {}
    decode = wire.single_of if asked.single else wire.batch_of
    return decode(asked.content_type, query, asked.raw)


def _answer(decoded: Decoded, results: list[TransferResult]) -> Answer:
    """Raises Problem where a single transfer or a linked batch was refused."""
    if isinstance(decoded, Single):
        return wire.answer_transfer(results[0])
    return wire.answer_batch(decoded, results)


def _context(asked: Asked) -> Context:
    return Context(
        actor_id=asked.actor_id,
        actor=asked.actor,
        address=asked.address,
        method=asked.method,
        request_id=asked.request_id,
        key_id=asked.key_id,
    )
