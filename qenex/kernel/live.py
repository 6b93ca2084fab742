"""The websocket of live pages: `/ws/events?after=<event id>` sends every event from there on, once, in order."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.urls import path

from qenex.kernel import cursors, scope
from qenex.kernel.context import Context, acting
from qenex.kernel.cursors import Position
from qenex.kernel.ids import uuid7
from qenex.kernel.middleware import client_address
from qenex.kernel.models import Event
from qenex.kernel.observing import observed
from qenex.kernel.wakeups import GROUP

BATCH = 200
POLL_SECONDS = 5.0
"""How late an event is whose wake-up was lost, or came before the event was settled."""
DENIED, UNKNOWN_EVENT = 4403, 4404


class EventsConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # the package has no types
    """Sends events to signed-in staff who may view them."""

    groups = [GROUP]
    reader: "asyncio.Task[None] | None" = None

    async def connect(self) -> None:
        """Accepts staff, and begins after the event that they name, or with what comes now."""
        await self.accept()
        if not await database_sync_to_async(_may_view)(self.scope):
            await self.close(DENIED)
            return
        query = self.scope["query_string"].decode()
        position = await database_sync_to_async(_start)(query, self.scope["user"].pk)
        if position is None:
            await self.close(UNKNOWN_EVENT)
            return
        await database_sync_to_async(_followed)(self.scope, query)
        if "after" not in parse_qs(query):  # behind the event of its own opening
            position = await database_sync_to_async(cursors.end)()
        self.woken = asyncio.Event()
        self.reader = asyncio.create_task(self._read(position))

    async def disconnect(self, code: int) -> None:
        """Stops reading."""
        if self.reader is not None:
            self.reader.cancel()

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Clients have nothing to say."""

    async def events_recorded(self, message: Mapping[str, Any]) -> None:
        """A wake-up."""
        if self.reader is not None:
            self.woken.set()

    async def _read(self, position: Position) -> None:
        while True:
            self.woken.clear()
            batch, reached = await database_sync_to_async(_next)(position, self.scope["user"].pk)
            for event in batch:
                if reached is None or event.book_id in reached:
                    await self.send_json(shown(event))
            if batch:
                position = cursors.position(batch[-1])
            if len(batch) < BATCH:
                await self._sleep()

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self.woken.wait(), POLL_SECONDS)
        except TimeoutError:
            return


def shown(event: Event) -> dict[str, Any]:
    """What a page learns; it asks the API for the rest."""
    return {
        "id": str(event.id),
        "recorded_at": event.recorded_at.isoformat(),
        "type": event.type,
        "book": str(event.book_id) if event.book_id else None,
        "subject": {"type": event.subject_type, "id": event.subject_id},
        "actor": event.actor,
    }


def _may_view(scope: Mapping[str, Any]) -> bool:
    user = scope["user"]
    return bool(user.is_active and user.is_staff and user.has_perm("kernel.view_event"))


def _next(position: Position, user_id: int) -> tuple[list[Event], scope.Books]:
    """What comes next, and the books that the page's user reaches at this moment."""
    return cursors.after(position, BATCH), scope.of(user_id)


def _followed(scope: Mapping[str, Any], query: str) -> None:
    """One event for the whole time that the page listens: what it is sent afterwards are events itself."""
    user, session = scope["user"], scope.get("staff_session")
    client = scope.get("client")
    by = Context(
        actor_id=user.pk,
        actor=user.get_username(),
        address=client_address(client[0] if client else "", _header(scope, b"x-forwarded-for")),
        method="session",
        request_id=str(uuid7()),
        key_id=None if session is None else str(session.pk),
    )
    with acting(by):
        data = {"path": "/ws/events"}
        observed("kernel.events.followed", subject_type="event", subject_id="", data=data, asked=parse_qs(query))


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope.get("headers", ()) if key == name), "")


def _start(query: str, user_id: int) -> Position | None:
    """Where the client wants to go on; none where it names an event that does not exist or is out of its reach."""
    given = parse_qs(query).get("after", [""])[0]
    if not given:
        return cursors.end()
    try:
        event = Event.objects.using("reader").filter(id=UUID(given)).first()
    except ValueError:
        return None
    reached = scope.of(user_id)
    if event is None or not (reached is None or event.book_id in reached):
        return None
    return cursors.position(event)


urlpatterns = [path("ws/events", EventsConsumer.as_asgi())]
