"""The ways in which a program's transfers reach us; each must answer every request alike."""

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django.core.handlers.asgi import ASGIHandler
from django.test import Client
from django.utils.datastructures import CaseInsensitiveMapping

from ledger.api.hot.app import HotPath
from ledger.api.hot.counter import OwnCounter
from ledger.api.hot.desk import Desk
from qenex.kernel.edge import Edge
from tests.support.asgi import Page


@dataclass(frozen=True)
class Reply:
    """An answer, whatever brought it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The document of the answer."""
        return json.loads(self.body)

    @property
    def code(self) -> Any:
        """The code of the problem that was answered."""
        assert self.headers["Content-Type"] == "application/problem+json"
        return self.json()["code"]

    @property
    def faults(self) -> list[tuple[str | None, str]]:
        """Pointer or parameter, and code, of each mistake."""
        errors = self.json().get("errors", [])
        return [(each.get("pointer") or each.get("parameter"), each["code"]) for each in errors]


class Transport(Protocol):
    """Sends a POST request."""

    def __call__(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The answer to it."""
        ...


def drf(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Through Django's handlers and the views of the REST framework: the reference."""
    plain = {name: value for name, value in headers.items() if name != "Content-Type"}
    content_type = headers.get("Content-Type", "")
    client = Client(raise_request_exception=False)
    answer = client.generic("POST", path, body, content_type, headers=plain, CONTENT_TYPE=content_type)
    return Reply(answer.status_code, dict(answer.items()), answer.content)


def hot(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Through the fast path in front of Django, as the server has it: on an event loop, over ASGI."""
    return asyncio.run_coroutine_threadsafe(_over_asgi(path, body, headers), _loop()).result(60)


async def _over_asgi(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    where, _, query = path.partition("?")
    named = {"Host": "testserver", "Content-Length": str(len(body)), **headers}
    communicator = Page(
        _application(),
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": where,
            "raw_path": where.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 40_000),
            "server": ("testserver", 80),
        },
    )
    await communicator.send_input({"type": "http.request", "body": body, "more_body": False})
    start = await communicator.receive_output(60)
    content = b""
    more = True
    while more:
        message = await communicator.receive_output(60)
        content += message.get("body", b"")
        more = message.get("more_body", False)
    await communicator.wait(60)
    answered = {name.decode().title(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], CaseInsensitiveMapping(answered), content)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all tests, as a server has one: its queues and what it remembers belong to it."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="asgi", daemon=True).start()
    return loop


def _application() -> Edge:
    """An edge reads its settings when it is made: each request meets those of its test."""
    return Edge(_hot_path(), _django())


@cache
def _django() -> Any:
    return ASGIHandler()


@cache
def _hot_path() -> HotPath:
    return HotPath(_django(), Desk(OwnCounter()))


TRANSPORTS: dict[str, Transport] = {"drf": drf, "hot": hot}
