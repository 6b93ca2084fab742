"""The application that stands in front of Django's."""

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error

from ledger.api import wire
from ledger.api.hot.admission import admitted
from ledger.api.hot.http import App, Body, Receive, Scope, Send, headers_of, respond
from ledger.api.hot.principals import Principal, Principals
from ledger.api.wire import Answer, Batch, Single
from ledger.domain.drafts import Drafts
from ledger.domain.results import TransferResult
from ledger.engine.batch import Submission
from ledger.engine.group import GroupCommit
from ledger.errors import LedgerError
from ledger.references import find_book, remembered_book
from ledger.services.transfers import check
from qenex.kernel import problems
from qenex.kernel.context import Context
from qenex.kernel.middleware import client_address, request_id
from qenex.kernel.problems import Problem

SINGLE = "/api/v1/transfers"
BATCH = "/api/v1/transfers/batch"
THREADS = 4
"""Books that post at the same time in one process."""
logger = logging.getLogger(__name__)
Decoded = Single | Batch
Headers = dict[bytes, bytes]
_JSON, _PROBLEM = wire.JSON.encode(), problems.CONTENT_TYPE.encode()


class HotPath:
    """Posts transfers for programs; gives everything else on to `django`."""

    def __init__(self, django: App) -> None:
        self._django = django
        self._principals = Principals()
        self._group = GroupCommit(ThreadPoolExecutor(THREADS, thread_name_prefix="posting"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request of the two routes where all is in order."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in (SINGLE, BATCH):
            await self._django(scope, receive, send)
            return
        body = Body(receive)
        answered = await self._serve(scope, body, send)
        if not answered:
            await self._django(scope, body.again, send)

    async def _serve(self, scope: Scope, body: Body, send: Send) -> bool:
        """Whether the request was answered. Nothing has been posted where it was not."""
        headers = headers_of(scope)
        if not admitted(scope["scheme"], headers.get(b"host", b""), headers.get(b"x-forwarded-proto", b"")):
            return False
        principal = await self._principal(headers)
        if principal is None:
            return False
        raw = await body.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if raw is None:
            return False
        try:
            decoded = _decode(scope, headers, raw)
            drafts: Drafts = [decoded.draft] if isinstance(decoded, Single) else decoded.drafts
            for draft in drafts:
                check(draft)
        except (Problem, LedgerError):
            return False
        book = await _book(decoded.book)
        if book is None or not wire.permissions(drafts) <= principal.permissions:
            return False
        await self._post(book, decoded, drafts, _context(scope, headers, principal), send)
        return True

    async def _post(self, book: UUID, decoded: Decoded, drafts: Drafts, by: Context, send: Send) -> None:
        linked = isinstance(decoded, Batch) and decoded.linked
        submission = Submission(drafts, by, linked=linked)
        headers = {"X-Request-ID": by.request_id or ""}
        try:
            await self._group.submit(book, submission)
            answer = _answer(decoded, submission.results)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer
            problem = problems.of(error) or _defect(error)
            body = problem.body(by.request_id)
            await respond(send, problem.kind.status, _PROBLEM, body, {**problem.headers, **headers})
            return
        await respond(send, answer.status, _JSON, answer.body, {**answer.headers, **headers})

    async def _principal(self, headers: Headers) -> Principal | None:
        authorization = headers.get(b"authorization")
        if authorization is None or b"cookie" in headers:
            return None
        try:
            return await self._principals.of(authorization)
        except Error:  # Django's own way may be luckier, or tells what is wrong
            return None


def _defect(error: Exception) -> Problem:
    logger.error("the fast path failed", exc_info=error)
    return Problem(problems.SERVER_ERROR)


async def _book(named: str) -> UUID | None:
    try:
        return remembered_book(named) or await database_sync_to_async(find_book, thread_sensitive=False)(named)
    except Error:
        return None


def _decode(scope: Scope, headers: Headers, raw: bytes) -> Decoded:
    """Raises Problem."""
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    asked = scope["query_string"]
    query = parse_qs(asked.decode("latin-1"), keep_blank_values=True) if asked else {}
    decode = wire.single_of if scope["path"] == SINGLE else wire.batch_of
    return decode(content_type, query, raw)


def _answer(decoded: Decoded, results: list[TransferResult]) -> Answer:
    """Raises Problem where a single transfer or a linked batch was refused."""
    if isinstance(decoded, Single):
        return wire.answer_transfer(results[0])
    return wire.answer_batch(decoded, results)


def _context(scope: Scope, headers: Headers, principal: Principal) -> Context:
    given = headers.get(b"x-request-id")
    client = scope.get("client")
    return Context(
        actor_id=principal.id,
        actor=principal.name,
        address=_address(client[0] if client else "", headers.get(b"x-forwarded-for", b"")),
        method="token",
        request_id=request_id(given.decode("latin-1") if given else None),
    )


@lru_cache(maxsize=4_096)
def _address(remote: str, forwarded: bytes) -> str | None:
    return client_address(remote, forwarded.decode("latin-1"))
