"""A request's body on its way in: only so long, and only for so long."""

import asyncio
from typing import Any

from qenex.kernel import problems
from qenex.kernel.asgi import Message, Receive
from qenex.kernel.problems import Kind

PART = "http.request"
GONE = "http.disconnect"


class Deadlines:
    """Ends the reading of bodies that take longer than `seconds`, with one timer for all of them.

    A timer for each would be what costs a small request most at the edge.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open: dict[Intake, None] = {}
        """Those that are being read, the oldest first."""
        self.loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, intake: "Intake") -> None:
        """From now on that body has its time."""
        loop = asyncio.get_running_loop()
        if loop is not self.loop:
            self.loop, self._timer = loop, None
            self._open.clear()
        intake.end = loop.time() + self._seconds
        self._open[intake] = None
        if self._timer is None:
            self._timer = loop.call_at(intake.end, self._sweep)

    def over(self, intake: "Intake") -> None:
        """That body has been read, or nobody wants it any longer."""
        self._open.pop(intake, None)

    def _sweep(self) -> None:
        """Ends what is overdue, and waits for the next."""
        assert self.loop is not None
        self._timer = None
        for intake in list(self._open):
            if intake.end > self.loop.time():
                self._timer = self.loop.call_at(intake.end, self._sweep)
                return
            self.over(intake)
            intake.expire()


class Intake:
    """The `receive` of one request; `fault` says why its body was cut off."""

    def __init__(self, receive: Receive, limit: int, deadlines: Deadlines, length: int | None = None) -> None:
        """`length`: that of the body, where the request's head tells it: then nobody has to ask whether more comes."""
        self._receive, self._left, self._deadlines = receive, limit, deadlines
        self._last = None if length is None else limit - length
        """What is left of the limit when all has come."""
        self._whole = self._late = False
        self._read: list[Message] = []
        """What `whole` has read."""
        self._reader: asyncio.Task[Any] | None = None
        self.end = 0.0
        self.fault: Kind | None = None
        deadlines.begin(self)

    async def __call__(self) -> Message:
        """The next message; that the client has gone, where the body was cut off."""
        return self._read.pop(0) if self._read else await self._next()

    async def whole(self) -> bytes | None:
        """All of the body; none where it was cut off or the client has gone. Whoever comes next reads it once more."""
        while not self._whole:
            message = await self._next()
            self._read.append(message)
            if message["type"] != PART:
                return None
        if len(self._read) == 1:
            body: bytes = self._read[0].get("body", b"")
            return body
        return b"".join(message.get("body", b"") for message in self._read)

    async def _next(self) -> Message:
        if self._whole:
            message = await self._receive()
            return {"type": GONE} if message.get("body") else message  # nobody has promised so much
        if self._late:
            self.fault = problems.TOO_SLOW
        if self.fault is not None:
            return {"type": GONE}
        self._reader = reader = asyncio.current_task(self._deadlines.loop)
        assert reader is not None
        cancelling = reader.cancelling()
        try:
            return self._weighed(await self._receive())
        except asyncio.CancelledError:
            if not self._late or reader.uncancel() > cancelling:
                raise  # it is somebody else who wants it to end
            self.fault = problems.TOO_SLOW
            return {"type": GONE}
        finally:
            self._reader = None

    def expire(self) -> None:
        """Ends the reading: whoever waits for more, or will, is told that the client has gone."""
        self._late = True
        if self._reader is not None:
            self._reader.cancel()

    def close(self) -> None:
        """The request has been served, whether or not its body was read."""
        self._deadlines.over(self)

    def _weighed(self, message: Message) -> Message:
        if message["type"] != PART:
            self.close()
            return message
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.close()
            self.fault = problems.TOO_LARGE
            return {"type": GONE}
        if self._left == self._last or not message.get("more_body", False):
            self._whole = True
            self.close()
        return message
