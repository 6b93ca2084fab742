"""Websockets of staff: closed to whoever has not shown both factors, and cut off when the session ends."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from qenex.access import live, sessions
from qenex.access.models import Ended, StaffSession
from qenex.kernel import wakeups
from tests.support.asgi import Page
from tests.support.marked import marked
from tests.support.people import make_user, staff_client

ACCEPT = {"type": "websocket.accept", "subprotocol": None}


@pytest.fixture(autouse=True)
def layer(settings: Any, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel layer of this test's own, and an impatient watch."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(wakeups, "wake", lambda: None)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)


def watcher() -> User:
    return make_user(permissions=("kernel.view_event",))


async def opened(client: Client | None) -> Any:
    from qenex.asgi import websocket

    cookies = [] if client is None else [f"{django_settings.SESSION_COOKIE_NAME}={client.session.session_key}"]
    headers = [(b"host", b"testserver"), (b"origin", b"http://testserver")]
    headers += [(b"cookie", each.encode()) for each in cookies]
    scope = {"type": "websocket", "path": "/ws/events", "query_string": b"", "headers": headers}
    page = Page(websocket, scope)
    await page.send_input({"type": "websocket.connect"})
    assert await page.receive_output(5) == ACCEPT
    return page


async def leave(page: Any) -> None:
    await page.send_input({"type": "websocket.disconnect", "code": 1000})
    await page.wait(5)
    await sync_to_async(connections.close_all)()


@pytest.mark.parametrize("who", ["stranger", "password alone", "ended", "password due"])
def test_who_has_not_shown_both_factors_is_turned_away(who: str) -> None:
    client = None
    if who != "stranger":
        client = staff_client(watcher(), verified=who != "password alone")
        session = StaffSession.objects.latest("created_at")
        if who == "ended":
            session.ended_at, session.ended_reason = session.created_at, Ended.IDLE
        session.password_due = who == "password due"
        with marked():
            session.save()

    async def scene() -> None:
        page = await opened(client)
        assert await page.receive_output(5) == {"type": "websocket.close", "code": live.DENIED}
        await leave(page)

    asyncio.run(scene())


def test_a_session_that_ends_takes_its_live_page_with_it_within_seconds() -> None:
    user = watcher()
    client = staff_client(user)

    async def scene() -> None:
        page = await opened(client)
        assert await page.receive_nothing(0.4)
        await sync_to_async(sessions.sessions_end_all)(user=user, reason=Ended.BY_ADMINISTRATOR)
        assert await page.receive_output(5) == {"type": "websocket.close", "code": live.DENIED}
        await page.wait(5)
        await sync_to_async(connections.close_all)()

    asyncio.run(scene())
