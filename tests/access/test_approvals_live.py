"""The number in the header changes without a reload."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser, User
from django.db import connections

from qenex.access import approvals
from qenex.access.approvals import inbox, live
from qenex.access.approvals.services import GROUP
from qenex.kernel import wakeups
from qenex.kernel.ids import uuid7
from tests.kernel.conftest import make_user
from tests.support.approvals import asked, checker, maker
from tests.support.asgi import Page
from tests.support.marked import marking

MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture(autouse=True)
def layer(settings: Any, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel layer of this test's own."""
    settings.CHANNEL_LAYERS = MEMORY
    monkeypatch.setattr(wakeups, "wake", lambda *group: None)


async def _open(user: User | AnonymousUser) -> Any:
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/ws/approvals",
        "query_string": b"",
        "headers": [],
        "user": user,
    }
    page = Page(live.ApprovalsConsumer.as_asgi(), scope)
    await page.send_input({"type": "websocket.connect"})
    assert await page.receive_output(5) == {"type": "websocket.accept", "subprotocol": None}
    return page


async def _leave(page: Any) -> None:
    await page.send_input({"type": "websocket.disconnect", "code": 1000})
    await page.wait(5)
    await sync_to_async(connections.close_all)()


async def _told(page: Any) -> int:
    number: int = json.loads((await page.receive_output(10))["text"])["waiting"]
    return number


async def _wake() -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(GROUP, {"type": f"{GROUP}.recorded"})


def test_a_page_hears_the_number_and_every_change_of_it() -> None:
    async def scene() -> None:
        bea = await sync_to_async(checker)()
        await sync_to_async(inbox.forget)()
        page = await _open(bea)
        before = await _told(page)
        made = await sync_to_async(lambda: asked(maker(), uuid7().hex))()
        await _wake()
        assert await _told(page) == before + 1
        await _wake()  # nothing has changed, and nothing is said
        await sync_to_async(lambda: approvals.reject(approval=made.pk, by=bea, comment="no"))()
        await _wake()
        assert await _told(page) == before
        await _leave(page)

    asyncio.run(scene())


def test_a_lost_wake_up_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "POLL_SECONDS", 0.05)

    async def scene() -> None:
        page = await _open(await sync_to_async(checker)())
        before = await _told(page)
        await sync_to_async(lambda: asked(maker(), uuid7().hex))()
        assert await _told(page) == before + 1
        await _leave(page)

    asyncio.run(scene())


@pytest.mark.parametrize("who", ["anonymous", "user", "staff without permission"])
def test_strangers_are_turned_away(who: str) -> None:
    people: dict[str, Any] = {
        "anonymous": AnonymousUser,
        "user": lambda: make_user("access.check_approval"),
        "staff without permission": lambda: make_user(is_staff=True),
    }

    async def scene() -> None:
        page = await _open(await sync_to_async(people[who])())
        assert await page.receive_output(5) == {"type": "websocket.close", "code": live.DENIED}
        await _leave(page)

    asyncio.run(scene())


def test_who_loses_the_right_hears_no_more() -> None:
    async def scene() -> None:
        bea = await sync_to_async(checker)()
        page = await _open(bea)
        await _told(page)
        await sync_to_async(marking)(bea.user_permissions.clear)
        await _wake()
        assert await page.receive_output(5) == {"type": "websocket.close", "code": live.DENIED}
        await _leave(page)

    asyncio.run(scene())
