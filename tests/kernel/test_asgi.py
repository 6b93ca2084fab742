"""The two protocols arrive where they belong, the websocket only for pages of ours."""

import asyncio
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from qenex.kernel import live
from tests.support.asgi import Page


@pytest.fixture(scope="module")
def application(static_files: None) -> Any:
    """The application as the server loads it, once the settings of the tests are in place."""
    return import_module("qenex.asgi").application


async def _http(application: Any, path: str) -> dict[str, Any]:
    address = {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "scheme": "http"}
    asked = {"method": "GET", "path": path, "query_string": b"", "headers": [(b"host", b"localhost")]}
    scope = {"type": "http", "http_version": "1.1", **address, **asked}
    page = Page(application, scope)
    await page.send_input({"type": "http.request", "body": b""})
    start, body = await page.receive_output(10), await page.receive_output(10)
    await page.wait(10)
    return {"status": start["status"], "body": body["body"], "headers": dict(start["headers"])}


async def _websocket(application: Any, origin: bytes) -> list[Any]:
    headers = [(b"host", b"localhost"), (b"origin", origin)]
    scope = {"type": "websocket", "path": "/ws/events", "query_string": b"", "headers": headers}
    page = Page(application, scope)
    await page.send_input({"type": "websocket.connect"})
    first = await page.receive_output(10)
    said = [first] if first["type"] == "websocket.close" else [first, await page.receive_output(10)]
    await page.send_input({"type": "websocket.disconnect", "code": 1000})
    await page.wait(10)
    await sync_to_async(connections.close_all)()
    return said


def test_django_answers_http(application: Any) -> None:
    answer = asyncio.run(_http(application, "/livez"))
    assert (answer["status"], answer["body"]) == (200, b"ok\n")


def test_the_context_passes_through_threads_and_loops(application: Any) -> None:
    answer = asyncio.run(_http(application, "/api/v1/nothing"))
    request = answer["headers"][b"X-Request-ID"].decode()
    assert answer["status"] == 404
    assert f'"instance":"urn:qenex:request:{request}"'.encode() in answer["body"]


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (b"http://evil.example", [("websocket.close", None)]),
        (b"http://localhost", [("websocket.accept", None), ("websocket.close", live.DENIED)]),
    ],
)
def test_strangers_sites_open_no_websocket(
    application: Any, database: None, settings: Any, origin: bytes, said: list[Any]
) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    heard = asyncio.run(_websocket(application, origin))
    assert [(each["type"], each.get("code")) for each in heard] == said
