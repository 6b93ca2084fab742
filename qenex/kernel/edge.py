"""The outermost layer of the server: what holds for requests and answers that Django never sees."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from django.conf import settings

from qenex.kernel import problems
from qenex.kernel.asgi import App, Message, Receive, Scope, Send
from qenex.kernel.headers import Raw, common, completed, is_secure
from qenex.kernel.intake import Deadlines, Intake
from qenex.kernel.middleware import request_id
from qenex.kernel.problems import Kind, Problem

API = "/api/"
_UNCLEAR = -1
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Edge:
    """The ASGI application around all others, which get the request's Intake and its Answer.

    Completes the headers of every answer, and ends requests that are too large, too slow or not clear.

    Without it Django would write a body of any length to disk before anybody looks at it, and would wait for it as
    long as the client likes.
    """

    def __init__(self, app: "Inner", others: App) -> None:
        """`others`: what is no HTTP goes there, as it is; websockets have no body."""
        self._app, self._others = app, others
        self._proxied: bool = settings.SECURE_PROXY_SSL_HEADER is not None
        self._limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        self._only_tls: bool = settings.SECURE_SSL_REDIRECT
        self._deadlines = Deadlines(settings.BODY_SECONDS)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] != "http":
            await self._others(scope, receive, send)
            return
        secure = is_secure(scope, proxied=self._proxied)
        answer = Answer(send, secure=secure)
        length = _content_length(scope)
        refusal = self._refusal(scope, length, secure=secure)
        if refusal is not None:
            await answer.refuse(refusal)
            return
        intake = Intake(receive, self._limit, self._deadlines, length)
        try:
            await self._app(scope, intake, answer)
        finally:
            intake.close()
        if intake.fault is not None and not answer.started:
            await answer.refuse(intake.fault)

    def _refusal(self, scope: Any, length: int | None, *, secure: bool) -> Kind | None:
        """Why a request is not looked at any further, going by its head alone."""
        if scope["method"] not in _METHODS:
            return problems.METHOD_NOT_ALLOWED
        if self._only_tls and not secure and scope["path"].startswith(API):
            return problems.TLS_REQUIRED  # a redirect would hide from the program's owner that its secrets leak
        if length is None:
            return None
        if length == _UNCLEAR:
            return problems.BAD_REQUEST
        return problems.TOO_LARGE if length > self._limit else None


def _content_length(scope: Any) -> int | None:
    """How long the body is, as the head of the request has it; none where it does not say."""
    given = [value for name, value in scope["headers"] if name == b"content-length"]
    if not given:
        return None
    [value, *others] = given
    return int(value) if value.isdigit() and not others else _UNCLEAR


class Answer:
    """An answer on its way out."""

    def __init__(self, send: Send, *, secure: bool) -> None:
        self._send, self._secure = send, secure
        self.started = False

    async def __call__(self, message: Message) -> None:
        """Sends a part of it, the first one with all headers."""
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = completed(message.get("headers", ()), secure=self._secure)
        await self._send(message)

    async def whole(self, status: int, headers: Sequence[Raw], body: bytes) -> None:
        """Sends all of it at once. None of the headers is one that every answer carries."""
        self.started = True
        every = [*headers, *common(secure=self._secure)]
        await self._send({"type": "http.response.start", "status": status, "headers": every})
        await self._send({"type": "http.response.body", "body": body})

    async def refuse(self, kind: Kind) -> None:
        """Sends a problem, and nothing more on this connection."""
        identifier = request_id(None)
        body = Problem(kind).body(identifier)
        headers = [
            (b"content-type", problems.CONTENT_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            (b"x-request-id", identifier.encode()),
        ]
        await self.whole(kind.status, headers, body)


Inner = Callable[[Scope, Intake, Answer], Awaitable[None]]
