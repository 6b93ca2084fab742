"""What was looked up within the last second."""

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from channels.db import database_sync_to_async

LIFETIME = 1.0
"""Seconds for which a token or a key goes on working after it was ended or its user lost a permission or a book."""
MAX_REMEMBERED = 10_000
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """The answers of a function that asks the database, each for a second."""

    def __init__(self, look_up: Callable[[K], V]) -> None:
        self._look_up = look_up
        self._known: dict[K, tuple[float, asyncio.Task[V]]] = {}

    async def of(self, key: K) -> V:
        """The answer. Requests that come while it is being looked up wait for the same look-up."""
        known = self._known.get(key)
        if known is None or known[0] < time.monotonic():
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            known = (time.monotonic() + LIFETIME, asyncio.create_task(self._ask(key)))
            self._known[key] = known
        task = known[1]
        if task.done():
            return task.result()
        # One request that goes away must not take the look-up of the others with it.
        return await asyncio.shield(task)

    def at_once(self, key: K) -> tuple[bool, V | None]:
        """Whether the answer is known by now, and the answer."""
        known = self._known.get(key)
        if known is None or known[0] < time.monotonic() or not known[1].done():
            return False, None
        return True, known[1].result()

    async def _ask(self, key: K) -> V:
        # Gives its connection back: one that stayed with the thread would be used again after the server has died.
        found: V = await database_sync_to_async(self._look_up, thread_sensitive=False)(key)
        return found
