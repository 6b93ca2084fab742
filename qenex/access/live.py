"""Websockets of staff: only of sessions that have shown both factors, and no longer than these last."""

import asyncio
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser

from qenex.access import sessions
from qenex.access.models import StaffSession
from qenex.kernel import clock
from qenex.kernel.asgi import Message, Receive, Send

DENIED = 4403
LOOK_SECONDS = 3.0
"""How late a page learns that its session has ended."""


class SessionGate:
    """ASGI middleware: who has not shown both factors is a stranger to the consumers; ended sessions are cut off."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Runs the connection, with an eye on its session."""
        session = await database_sync_to_async(_session)(scope)
        if session is None:
            await self.inner({**scope, "user": AnonymousUser()}, receive, send)
            return
        over = asyncio.create_task(_until_over(session))
        try:
            await self.inner({**scope, "staff_session": session}, _Ending(receive, send, over), send)
        finally:
            over.cancel()


class _Ending:
    """Receives what the client says, and ends the connection when the session is over."""

    def __init__(self, receive: Receive, send: Send, over: "asyncio.Task[None]") -> None:
        self._receive, self._send, self._over = receive, send, over

    async def __call__(self) -> Message:
        message = asyncio.ensure_future(self._receive())
        await asyncio.wait({message, self._over}, return_when=asyncio.FIRST_COMPLETED)
        if message.done():
            return message.result()
        message.cancel()
        await self._send({"type": "websocket.close", "code": DENIED})
        return {"type": "websocket.disconnect", "code": DENIED}


async def _until_over(session: StaffSession) -> None:
    while await database_sync_to_async(sessions.is_live)(session.pk):  # noqa: ASYNC110  # it ends in another process
        await asyncio.sleep(LOOK_SECONDS)


def _session(scope: Message) -> StaffSession | None:
    user, browser = scope.get("user"), scope.get("session")
    if user is None or browser is None or not user.is_authenticated:
        return None
    session = sessions.find(browser.session_key or "")
    if session is None or session.user_id != user.pk or session.password_due:
        return None
    if sessions.limit_passed(session, clock.now()) is not None or not sessions.satisfied(session, user):
        return None
    return session


def gate(inner: Any) -> Any:
    """The way of a websocket to the consumers."""
    return AuthMiddlewareStack(SessionGate(inner))
