"""Live pages get every event once, from where they left off."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser, User
from django.db import connections, transaction

from qenex.kernel import cursors, events, live, wakeups
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.support.asgi import Page

MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture(autouse=True)
def layer(settings: Any, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel layer of this test's own; commands do not wake it by themselves."""
    settings.CHANNEL_LAYERS = MEMORY
    monkeypatch.setattr(wakeups, "wake", lambda: None)


def _emit(subject: str, count: int = 1) -> list[UUID]:
    with transaction.atomic():
        return [events.emit("test.noted", subject_type="live", subject_id=subject) for _ in range(count)]


async def _open(user: User | AnonymousUser, query: str = "") -> Any:
    """A page whose connection has been accepted."""
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/ws/events",
        "query_string": query.encode(),
        "headers": [],
        "user": user,
    }
    page = Page(live.EventsConsumer.as_asgi(), scope)
    await page.send_input({"type": "websocket.connect"})
    assert await page.receive_output(5) == {"type": "websocket.accept", "subprotocol": None}
    return page


async def _leave(page: Any) -> None:
    await page.send_input({"type": "websocket.disconnect", "code": 1000})
    await page.wait(5)
    await sync_to_async(connections.close_all)()


async def _ids(page: Any, subject: str, count: int) -> list[UUID]:
    found: list[UUID] = []
    while len(found) < count:
        message = json.loads((await page.receive_output(20))["text"])
        if message["subject"]["id"] == subject:
            found.append(UUID(message["id"]))
    return found


def _staff() -> User:
    return make_user("kernel.view_event", is_staff=True)


def test_a_page_goes_on_where_it_was_and_hears_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BATCH", 3)
    subject = str(uuid7())

    async def scene() -> None:
        first, *missed = await sync_to_async(_emit)(subject, 10)
        page = await _open(await sync_to_async(_staff)(), f"after={first}")
        assert await _ids(page, subject, 9) == missed
        new = await sync_to_async(_emit)(subject)
        layer = get_channel_layer()
        assert layer is not None
        await layer.group_send(wakeups.GROUP, {"type": "events.recorded"})
        assert await _ids(page, subject, 1) == new
        await _leave(page)

    asyncio.run(scene())


def test_a_lost_wake_up_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "POLL_SECONDS", 0.05)
    subject = str(uuid7())

    async def scene() -> None:
        page = await _open(await sync_to_async(_staff)())
        await asyncio.sleep(0.1)
        new = await sync_to_async(_emit)(subject, 2)
        assert await _ids(page, subject, 2) == new
        await _leave(page)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("who", "query", "code"),
    [
        ("anonymous", "", live.DENIED),
        ("user", "", live.DENIED),
        ("staff without permission", "", live.DENIED),
        ("staff", "after=garbage", live.UNKNOWN_EVENT),
        ("staff", "after=00000000-0000-7000-8000-000000000000", live.UNKNOWN_EVENT),
    ],
)
def test_strangers_and_unknown_events_are_turned_away(who: str, query: str, code: int) -> None:
    people: dict[str, Callable[[], User | AnonymousUser]] = {
        "anonymous": AnonymousUser,
        "user": lambda: make_user("kernel.view_event"),
        "staff without permission": lambda: make_user(is_staff=True),
        "staff": _staff,
    }

    async def scene() -> None:
        page = await _open(await sync_to_async(people[who])(), query)
        assert await page.receive_output(5) == {"type": "websocket.close", "code": code}
        await _leave(page)

    asyncio.run(scene())


def test_what_a_page_learns() -> None:
    subject, book = str(uuid7()), uuid7()
    with transaction.atomic():
        identifier = events.emit("test.noted", subject_type="live", subject_id=subject, book_id=book)
    event = Event.objects.get(id=identifier)
    assert live.shown(event) == {
        "id": str(identifier),
        "recorded_at": event.recorded_at.isoformat(),
        "type": "test.noted",
        "book": str(book),
        "subject": {"type": "live", "id": subject},
        "actor": "system",
    }
    assert cursors.position(event) == (event.transaction, identifier)
