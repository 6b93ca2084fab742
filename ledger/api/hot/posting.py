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
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import django
import uvloop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")
django.setup()

from ledger.api.hot.counter import failed, group  # noqa: E402  # only now can models be imported
from ledger.api.hot.frames import Asked, Frames, Questions, Replies, Told, frame  # noqa: E402  # see above
from ledger.api.hot.slips import Answers, Slips  # noqa: E402  # see above
from ledger.engine.batch import Submission  # noqa: E402  # see above
from ledger.engine.group import Waiting  # noqa: E402  # see above
from qenex.kernel.memory import settle  # noqa: E402  # see above

FINISH_SECONDS = 0.05
SWITCH_SECONDS = 0.0005


class Ticket(NamedTuple):
    """What a submission is known by: who asked for it as a slip is told so."""

    number: int
    slip: bool


Asker = tuple[UUID, Waiting[Ticket]]


class Channel(asyncio.Protocol):
    """The web process, as this one sees it."""

    def __init__(self) -> None:
        self._group = group(self._answer)
        self._frames: Frames[Asked] = Frames(Asked)
        self._open = 0
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """The socket is open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Those of one book that come while it posts meet in its next batch."""
        for asked in self._frames.feed(data):
            askers = _postings(asked) if isinstance(asked, Questions) else self._slips(asked)
            self._open += len(askers)
            for book, those in groupby(askers, itemgetter(0)):
                self._group.submit(book, [waiting for _, waiting in those])

    def _slips(self, slips: Slips) -> list[Asker]:
        """Those that are in order; the others are left to Django's way."""
        askers: list[Asker] = []
        left: list[int] = []
        for number, book, submission in slips.submissions():
            if submission is None:
                left.append(number)
            else:
                askers.append((book, (submission, Ticket(number, slip=True))))
        if left:
            self._transport.write(frame(Answers.left(left)))
        return askers

    def connection_lost(self, error: Exception | None) -> None:
        """The web process has gone: what was begun is ended, and nobody is left to be answered."""
        if not self.over.done():
            self.over.set_result(None)

    async def finish(self) -> None:
        """Waits for what was begun."""
        while self._open:  # noqa: ASYNC110  # at the very end, a poll is the simplest
            await asyncio.sleep(FINISH_SECONDS)

    def _answer(self, waiting: Sequence[Waiting[Ticket]], error: Exception | None) -> None:
        """All who shared a commit, or its failure."""
        self._open -= len(waiting)
        if self._transport.is_closing():
            return
        slips = [(ticket.number, submission) for submission, ticket in waiting if ticket.slip]
        if slips:
            self._transport.write(frame(_told(Answers, slips, error)))
        others = [(ticket.number, submission) for submission, ticket in waiting if not ticket.slip]
        if others:
            self._transport.write(frame(_told(Replies, others, error)))


def _postings(questions: Questions) -> list[Asker]:
    return [
        (book, (submission, Ticket(number, slip=False)))
        for number, (book, submission) in zip(questions.numbers, questions.submissions(), strict=True)
    ]


def _told(
    kind: type[Answers] | type[Replies], asked: Sequence[tuple[int, Submission]], error: Exception | None
) -> Told:
    if error is None:
        return kind.of(asked)
    return kind.of_failures([(number, failed(submission, error)) for number, submission in asked])


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
