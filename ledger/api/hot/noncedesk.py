"""Using nonces, those of concurrent requests together: one statement and one COMMIT for all that wait."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from channels.db import database_sync_to_async

from qenex.access.apikeys import nonces
from qenex.access.apikeys.checking import Signed
from qenex.access.apikeys.nonces import Used
from qenex.access.apikeys.usage import apikey_used

MOST = 1_000
"""Nonces in one statement."""


class _Waiting(NamedTuple):
    signed: Signed
    address: str | None
    told: "asyncio.Future[bool]"


class NonceDesk:
    """Uses nonces on a thread of its own; while one statement is under way, the next one gathers."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="nonces")
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def use(self, signed: Signed, address: str | None) -> bool:
        """Whether the nonce was new and is used now, durably. Raises database errors."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(signed, address, told))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await told

    async def _work(self) -> None:
        try:
            while self._waiting:
                now, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._answer(now)
        finally:
            self._task = None

    async def _answer(self, waiting: Sequence[_Waiting]) -> None:
        try:
            new = await database_sync_to_async(_use, thread_sensitive=False, executor=self._executor)(waiting)
        except Exception as error:  # noqa: BLE001  # each of those who wait is told
            for each in waiting:
                if not each.told.done():
                    each.told.set_exception(error)
            return
        for each in waiting:
            fresh = each.signed.used in new
            new.discard(each.signed.used)  # of two that came together, one is the first
            if not each.told.done():  # a client that has gone away has cancelled its own
                each.told.set_result(fresh)


def _use(waiting: Sequence[_Waiting]) -> set[Used]:
    new = nonces.use([(each.signed.used, each.signed.until) for each in waiting])
    apikey_used((each.signed.caller.id, each.address) for each in waiting if each.signed.used in new)
    return new
