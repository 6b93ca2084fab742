"""An ASGI application that posts what has come while its last batch was committed; nothing else.

There is no sign-in, no book, no check of what is asked, no limit, no event and no Django in it.
"""

import asyncio
import os
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from qenex.kernel.asgi import Receive, Scope, Send

MAX_BATCH = 2_000
_POST = "SELECT * FROM bare_post(%b, %b, %b, %b)"
_HEADERS = [(b"content-type", b"application/json")]


class Asked(msgspec.Struct, gc=False):
    """One transfer."""

    id: UUID
    debit_account: UUID
    credit_account: UUID
    amount: Decimal


Row = tuple[UUID, Decimal, Decimal]


class Queue:
    """What is to be posted, and the task that does."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Asked, asyncio.Future[Row]]] = []
        self._some = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def post(self, asked: Asked) -> Row:
        """The id and both balances after it, once that is durable."""
        future: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        self._some.set()
        return await future

    async def _run(self) -> None:
        connection: AsyncConnection[Any] | None = None
        while await self._some.wait():
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not self._waiting:
                self._some.clear()
            try:
                connection = connection or await AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True)
                await _post(connection, batch)
            except Exception as failure:  # noqa: BLE001  # those who wait are told, and the server's log has it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(failure)


async def _post(connection: AsyncConnection[Any], batch: list[tuple[Asked, "asyncio.Future[Row]"]]) -> None:
    columns = zip(*((a.id, a.debit_account, a.credit_account, a.amount) for a, _ in batch), strict=True)
    cursor = connection.cursor(binary=True)
    await cursor.execute(_POST, [list(column) for column in columns], prepare=True)
    found = {row[0]: row for row in await cursor.fetchall()}
    for asked, future in batch:
        if not future.done():
            future.set_result(found[asked.id])


_decoder = msgspec.json.Decoder(Asked)
_encoder = msgspec.json.Encoder(decimal_format="string")


@cache
def _queue() -> Queue:
    """Made by the first request: only then is there a loop to start it on."""
    return Queue()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Posts the transfer of a request's body; a request without one gets an empty answer."""
    if scope["type"] != "http":
        return
    body, status = b"", 200
    if scope["method"] == "POST":
        message = await receive()
        body, status = _encoder.encode(await _queue().post(_decoder.decode(message["body"]))), 201
    await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": body})
