"""As much of ASGI as the fast path needs."""

from ledger.api.hot.answers import Answered
from qenex.kernel.asgi import Message, Receive, Scope, Send

AMBIGUOUS = b"\0"


class Body:
    """A request's body, which can be given on to somebody else after it was read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Message] = []

    async def read(self, limit: int) -> bytes | None:
        """All of it; none where it is longer than the limit or the client has gone."""
        size, more = 0, True
        while more and size <= limit:
            message = await self._receive()
            self._messages.append(message)
            if message["type"] != "http.request":
                return None
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        if size > limit:
            return None
        if len(self._messages) == 1:
            whole: bytes = self._messages[0].get("body", b"")
            return whole
        return b"".join(message.get("body", b"") for message in self._messages)

    async def again(self) -> Message:
        """A `receive` for the next application: first what was read here, then what is still to come."""
        if self._messages:
            return self._messages.pop(0)
        return await self._receive()


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers; one that was sent more than once has a value that nothing accepts."""
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]):
        names = [name for name, _ in scope["headers"]]
        headers.update((name, AMBIGUOUS) for name in names if names.count(name) > 1)
    return headers


async def respond(send: Send, answered: Answered, request_id: str) -> None:
    """Sends an answer."""
    raw = [
        (b"content-type", answered.media_type.encode()),
        (b"content-length", b"%d" % len(answered.body)),
        (b"x-request-id", request_id.encode()),
    ]
    raw += [(name.lower().encode(), value.encode("latin-1")) for name, value in answered.headers.items()]
    await send({"type": "http.response.start", "status": answered.status, "headers": raw})
    await send({"type": "http.response.body", "body": answered.body})
