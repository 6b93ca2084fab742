"""The witness's interface (C2SP tlog-witness): one way to ask, one to look, as an ASGI application."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, NamedTuple

from compliance.witness.cosigner import Cosigner
from compliance.witness.errors import Refused, WitnessError
from compliance.witness.submission import BODY_MAX

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

BODY_SECONDS = 5.0
"""For the whole of a request's body to arrive."""
TEXT = "text/plain; charset=utf-8"
_CHECKPOINT = re.compile(r"/([0-9a-f]{64})/checkpoint")
_log = logging.getLogger("qenex.witness")


class Answer(NamedTuple):
    """What is sent back."""

    status: HTTPStatus
    body: bytes
    type: str = TEXT
    headers: tuple[tuple[bytes, bytes], ...] = ()


def application(cosigner: Cosigner) -> App:
    """The ASGI application of a witness."""

    async def serve(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = await respond(cosigner, scope["method"], scope["path"], receive)
        length = (b"content-length", b"%d" % len(answer.body))
        headers = [(b"content-type", answer.type.encode()), length, *answer.headers]
        await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    return serve


async def respond(cosigner: Cosigner, method: str, path: str, receive: Receive) -> Answer:
    """The answer to a request."""
    if path == "/add-checkpoint":
        if method != "POST":
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"POST only\n", headers=((b"allow", b"POST"),))
        return await _added(cosigner, receive)
    shown = _CHECKPOINT.fullmatch(path)
    if shown and method in ("GET", "HEAD"):
        found = await asyncio.to_thread(cosigner.checkpoint, shown[1])
        return _nothing() if found is None else Answer(HTTPStatus.OK, found)
    if path == "/vkey" and method in ("GET", "HEAD"):
        return Answer(HTTPStatus.OK, f"{cosigner.key.vkey}\n".encode())
    return _nothing()


async def _added(cosigner: Cosigner, receive: Receive) -> Answer:
    try:
        body = await _body(receive)
        # It waits for a lock and for the disk.
        line = await asyncio.to_thread(cosigner.add_checkpoint, body)
    except Refused as refusal:
        _log.info("not cosigned: %s", refusal)
        return Answer(refusal.status, refusal.body.encode(), refusal.type)
    except (WitnessError, OSError) as problem:
        _log.error("nothing is cosigned: %s", problem)
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"this witness cannot cosign now; ask its operator\n")
    return Answer(HTTPStatus.OK, line.encode())


async def _body(receive: Receive) -> bytes:
    """The request's body. Raises Refused where it is too long or too slow."""
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refused(HTTPStatus.BAD_REQUEST, "the request was broken off")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > BODY_MAX:
                    raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {BODY_MAX} bytes")
    except TimeoutError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the body took too long") from None
    return bytes(body)


def _nothing() -> Answer:
    return Answer(HTTPStatus.NOT_FOUND, b"there is nothing here\n")
