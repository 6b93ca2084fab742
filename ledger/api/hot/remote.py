"""The posting process, as the web process sees it."""

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import Awaitable
from typing import Any

from ledger.api.hot.answers import Answered
from ledger.api.hot.askers import Askers
from ledger.api.hot.frames import Frames, Replies, frame
from ledger.api.hot.postings import Posted, Posting
from ledger.api.hot.slips import Slip

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 1.0
"""Between two starts, so that a process that cannot start does not keep the machine busy."""
GATHER_SECONDS = 0.001
"""After something went out, what comes within so long goes out together: with a message for each request, both
processes would wake each other thousands of times a second under load. Who asks when nobody else does is not kept
waiting."""
_MODULE = "ledger.api.hot.posting"


class RemoteCounter:
    """Posts by way of a process of its own, which is started when it is first needed and again when it has died.

    What it was asked when it died is left, as if it were not in order: Django's way then posts it, and finds by the
    transfers' ids what had been posted already.
    """

    def __init__(self) -> None:
        self._line: _Line | None = None
        self._not_before = 0.0

    async def post(self, posting: Posting) -> Posted | None:
        """What became of it; none where nobody is there to post it."""
        line = self._connected()
        return None if line is None else await line.ask(posting)

    def take(self, slip: Slip) -> Awaitable[Answered | None]:
        """The answer to it; none where it is not in order, or nobody is there to post it."""
        line = self._connected()
        return _nobody() if line is None else line.take(slip)

    def start(self) -> None:
        """Sees to it that the process is there or is being started, which takes a second or two."""
        self._connected()

    @property
    def pid(self) -> int:
        """The process that answers at present. There must have been a request."""
        assert self._line is not None
        return self._line.process.pid

    async def close(self) -> int:
        """Ends the process, which first posts what it was asked; its exit status."""
        assert self._line is not None
        return await self._line.close()

    def _connected(self) -> "_Line | None":
        if self._line is not None and not self._line.lost:
            return self._line
        now = asyncio.get_running_loop().time()
        if now < self._not_before:
            return None
        if self._line is not None:
            logger.error("the posting process %s ended and is started again", self.pid)
        self._not_before = now + PAUSE_SECONDS
        try:
            self._line = _Line()
        except OSError:  # no memory or no descriptors left: Django's way may still have what it needs
            logger.exception("the posting process cannot be started")
            self._line = None
        return self._line


async def _nobody() -> None:
    """The answer where there is nobody to ask."""


class _Line(asyncio.Protocol):
    """One posting process and what it was asked. Raises OSError where none can be made."""

    def __init__(self) -> None:
        self.lost = False
        self._frames: Frames[Replies] = Frames(Replies)
        self._askers = Askers()
        self._gathering = False
        self._gathers_until = 0.0
        self._transport: Any = None
        self._loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", _MODULE, str(theirs.fileno())]
            try:
                self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self._connecting = self._loop.create_task(self._loop.create_connection(lambda: self, sock=ours))

    async def close(self) -> int:
        """Says that nothing more will be asked, and waits for the end."""
        await self._connecting
        self._flush()
        self._transport.close()
        return await asyncio.to_thread(self.process.wait)

    def ask(self, posting: Posting) -> "asyncio.Future[Posted | None]":
        """What will become of it; none if the process dies first."""
        self._gather()
        return self._askers.ask(posting)

    def take(self, slip: Slip) -> "asyncio.Future[Answered | None]":
        """The answer that it will get; none if it is not in order, or the process dies first."""
        self._gather()
        return self._askers.take(slip)

    def _gather(self) -> None:
        """What is asked from now on goes out soon."""
        if not self._gathering:
            self._gathering = True
            self._loop.call_at(max(self._loop.time(), self._gathers_until), self._flush)

    def connection_made(self, transport: Any) -> None:
        """What was asked meanwhile goes out."""
        self._transport = transport
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Answers, each to whom it is for."""
        for replies in self._frames.feed(data):
            self._askers.tell(replies)

    def connection_lost(self, error: Exception | None) -> None:
        """The process has died, or will: nobody waits for it any longer."""
        self.lost = True
        self._loop.run_in_executor(None, self.process.wait)
        self._askers.lost()

    def _flush(self) -> None:
        """What has gathered goes out together."""
        self._gathering = False
        if self._transport is None or self.lost or not self._askers.some:
            return
        self._gathers_until = self._loop.time() + GATHER_SECONDS
        questions = self._askers.questions()
        if questions is not None:
            self._transport.write(frame(questions))
