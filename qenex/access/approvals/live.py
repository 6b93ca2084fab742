"""The websocket of the number in the pages' header: `/ws/approvals` sends `{"waiting": n}`, at first and again."""

import asyncio
from collections.abc import Mapping
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth.models import User
from django.urls import path

from qenex.access.approvals import inbox
from qenex.access.approvals.rules import CHECK
from qenex.access.approvals.services import GROUP

POLL_SECONDS = 30.0
"""How late a number is whose wake-up was lost, or that time alone has changed."""
DENIED = 4403


class ApprovalsConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # the package has no types
    """Sends a number to signed-in staff who may decide about requests."""

    groups = [GROUP]
    teller: "asyncio.Task[None] | None" = None

    async def connect(self) -> None:
        """Accepts staff who may decide."""
        await self.accept()
        if await database_sync_to_async(_count)(self.scope["user"].pk) is None:
            await self.close(DENIED)
            return
        self.woken = asyncio.Event()
        self.teller = asyncio.create_task(self._tell())

    async def disconnect(self, code: int) -> None:
        """Stops counting."""
        if self.teller is not None:
            self.teller.cancel()

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Clients have nothing to say."""

    async def approvals_recorded(self, message: Mapping[str, Any]) -> None:
        """Something was requested or decided."""
        inbox.forget()
        if self.teller is not None:
            self.woken.set()

    async def _tell(self) -> None:
        told: int | None = None
        while True:
            self.woken.clear()
            count = await database_sync_to_async(_count)(self.scope["user"].pk)
            if count is None:
                await self.close(DENIED)
                return
            if count != told:
                await self.send_json({"waiting": count})
                told = count
            try:
                await asyncio.wait_for(self.woken.wait(), POLL_SECONDS)
            except TimeoutError:
                continue


def _count(user_id: int | None) -> int | None:
    """How much waits for a person as the database knows him now; none where he may not decide about anything."""
    user = User.objects.filter(pk=user_id, is_staff=True, is_active=True).first() if user_id else None
    return inbox.waiting(user) if user is not None and user.has_perm(CHECK) else None


urlpatterns = [path("ws/approvals", ApprovalsConsumer.as_asgi())]
