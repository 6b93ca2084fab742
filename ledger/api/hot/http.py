"""As much of ASGI as the fast path needs."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


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


def header(scope: Scope, wanted: bytes) -> bytes | None:
    """The header's value; none where it is missing or was sent more than once."""
    values = [value for name, value in scope["headers"] if name == wanted]
    return values[0] if len(values) == 1 else None


async def respond(send: Send, status: int, media_type: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Sends an answer."""
    pairs: Iterable[tuple[str, str]] = (
        ("Content-Type", media_type),
        ("Content-Length", str(len(body))),
        *headers.items(),
    )
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
