"""Our own generator of single requests, for where wrk is not installed: it costs several times as much of a core."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import uvloop
from django.conf import settings

from bench import ground
from bench.errors import BenchError
from bench.works.base import Outcome, Run
from qenex.kernel.ids import uuid7

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_CREATED = b"HTTP/1.1 201 "


@dataclass(frozen=True)
class SingleWork:
    """So many keep-alive connections for so many seconds."""

    database: str
    port: int
    connections: int
    seconds: int
    hot: bool

    def prepare(self) -> Run:
        """Requests are made as they are sent."""
        here = ground.load(settings.VAR)

        def run() -> Outcome:
            return uvloop.run(self._load(Requests(here.token, here.books[ground.SHARED], hot=self.hot)))

        return run

    async def _load(self, requests: "Requests") -> Outcome:
        loop = asyncio.get_running_loop()
        log = Log()
        clients = [Client(iter(requests), log) for _ in range(self.connections)]
        await asyncio.gather(*(loop.create_connection(client.itself, "127.0.0.1", self.port) for client in clients))
        started = time.perf_counter()
        for client in clients:
            client.send()
        await asyncio.sleep(self.seconds)
        log.closing = True
        await asyncio.wait_for(asyncio.gather(*(client.finished for client in clients)), 30)
        if log.others:
            raise BenchError(f"{len(log.others)} answers were not 201, such as {log.others[0]!r}")
        return Outcome(started, time.perf_counter(), log.latencies, len(log.latencies))


@dataclass
class Log:
    """What all connections saw."""

    latencies: list[float] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    closing: bool = False


class Requests:
    """Requests without end, each with a transfer of its own."""

    def __init__(self, token: str, book: ground.Book, *, hot: bool) -> None:
        self._book, self._hot = str(book.id), hot
        self._accounts = [str(each) for each in book.accounts]
        headers = ["POST /api/v1/transfers HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
        self._head = "\r\n".join([*headers, "Content-Type: application/json", "Content-Length: "])

    def __iter__(self) -> Iterator[bytes]:
        accounts, last = self._accounts, len(self._accounts) - 1
        while True:
            debit = 0 if self._hot else random.randint(0, last)
            credit = (debit + random.randint(1, last)) % (last + 1)
            body = (
                f'{{"id":"{uuid7()}","book":"{self._book}","debit_account":"{accounts[debit]}",'
                f'"credit_account":"{accounts[credit]}","amount":"{random.randint(1, 9999)}.{random.randint(10, 99)}"}}'
            )
            yield f"{self._head}{len(body)}\r\n\r\n{body}".encode()


class Client(asyncio.Protocol):
    """One connection: an answer, then the next request."""

    def __init__(self, requests: Iterator[bytes], log: Log) -> None:
        self._requests, self._log = requests, log
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.finished = asyncio.get_running_loop().create_future()

    def itself(self) -> "Client":
        """The factory that asyncio asks for."""
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by inheritance.
        self._transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        """Sends the next request."""
        assert self._transport is not None
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(_END)
        if not end or len(body) < _length(head):
            return
        self._buffer = b""
        if head.startswith(_CREATED):
            self._log.latencies.append(time.perf_counter() - self._sent)
        else:
            self._log.others.append(head.partition(b"\r\n")[0] + b" " + body[:200])
        if self._log.closing:
            self._finish()
        else:
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self._log.others.append(b"the connection was lost")
            self.finished.set_result(None)

    def _finish(self) -> None:
        assert self._transport is not None
        self.finished.set_result(None)
        self._transport.close()


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    return int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
