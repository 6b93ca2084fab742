"""The process that posts for a web process: `python -m ledger.api.hot.posting FD`, over the socket of that number.

HTTP and posting each take most of a core under load, and in one process they would take turns at the interpreter.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import django
import uvloop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")
django.setup()

from ledger.api.hot.counter import failed, group  # noqa: E402  # only now can models be imported
from ledger.api.hot.frames import Frames, Questions, Replies, frame  # noqa: E402  # see above
from ledger.engine.group import Waiting  # noqa: E402  # see above
from qenex.kernel.memory import settle  # noqa: E402  # see above

FINISH_SECONDS = 0.05
SWITCH_SECONDS = 0.0005


class Channel(asyncio.Protocol):
    """The web process, as this one sees it."""

    def __init__(self) -> None:
        self._group = group(self._answer)
        self._frames = Frames(Questions)
        self._open = 0
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """The socket is open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Those of one book that come while it posts meet in its next batch."""
        for questions in self._frames.feed(data):
            self._open += len(questions.numbers)
            asked = zip(questions.submissions(), questions.numbers, strict=True)
            for book, those in groupby(asked, lambda each: each[0][0]):
                self._group.submit(book, [(submission, number) for (_, submission), number in those])

    def connection_lost(self, error: Exception | None) -> None:
        """The web process has gone: what was begun is ended, and nobody is left to be answered."""
        if not self.over.done():
            self.over.set_result(None)

    async def finish(self) -> None:
        """Waits for what was begun."""
        while self._open:  # noqa: ASYNC110  # at the very end, a poll is the simplest
            await asyncio.sleep(FINISH_SECONDS)

    def _answer(self, waiting: Sequence[Waiting[int]], error: Exception | None) -> None:
        """All who shared a commit, or its failure, in one message."""
        self._open -= len(waiting)
        if self._transport.is_closing():
            return
        if error is None:
            replies = Replies.of_results([number for _, number in waiting], [each.results for each, _ in waiting])
        else:
            replies = Replies.of_failures([(number, failed(each, error)) for each, number in waiting])
        self._transport.write(frame(replies))


async def run(connection: socket.socket) -> None:
    """Serves until the web process closes the connection."""
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_connection(Channel, sock=connection)
    settle()
    await channel.over
    await channel.finish()


def main() -> None:
    """Ends when the web process does, however that ends; its signals are meant for that, and not for what is posted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # PostgreSQL waits for the thread that posts, and nobody for the one that reads: it gets the interpreter soon.
    sys.setswitchinterval(SWITCH_SECONDS)
    uvloop.run(run(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
