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


class _Known(Generic[V]):
    """An answer, or the look-up that will have it."""

    __slots__ = ("renewed", "task", "until")

    def __init__(self, task: "asyncio.Task[V]") -> None:
        self.task = task
        self.until = time.monotonic() + LIFETIME
        self.renewed = False
        """Whether somebody is looking it up again already."""


class Remembered(Generic[K, V]):
    """The answers of a function that asks the database, each for a second.

    What is asked for all the time is looked up again before its second is over: nobody has to wait for that.
    """

    def __init__(self, look_up: Callable[[K], V]) -> None:
        self._look_up = look_up
        self._known: dict[K, _Known[V]] = {}

    async def of(self, key: K) -> V:
        """The answer. Requests that come while it is being looked up wait for the same look-up."""
        known = self._present(key)
        if known is None:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            known = self._known[key] = _Known(asyncio.create_task(self._ask(key)))
        if known.task.done():
            return known.task.result()
        # One request that goes away must not take the look-up of the others with it.
        return await asyncio.shield(known.task)

    def at_once(self, key: K) -> tuple[bool, V | None]:
        """Whether the answer is known by now, and the answer. On the event loop."""
        known = self._present(key)
        if known is None or not known.task.done():
            return False, None
        return True, known.task.result()

    def _present(self, key: K) -> _Known[V] | None:
        """What is known of it and not too old; what soon will be is renewed meanwhile."""
        known, now = self._known.get(key), time.monotonic()
        if known is None or known.until < now:
            return None
        if not known.renewed and known.until - now < LIFETIME / 2 and known.task.done():
            known.renewed = True
            newer = _Known(asyncio.create_task(self._ask(key)))
            newer.task.add_done_callback(lambda task: self._renew(key, known, newer))
        return known

    def _renew(self, key: K, known: _Known[V], newer: _Known[V]) -> None:
        """Puts the newer answer in the place of the older; who asks when that is over learns why there is none."""
        failed = newer.task.cancelled() or newer.task.exception() is not None
        if not failed and self._known.get(key) is known:
            self._known[key] = newer

    async def _ask(self, key: K) -> V:
        # Gives its connection back: one that stayed with the thread would be used again after the server has died.
        found: V = await database_sync_to_async(self._look_up, thread_sensitive=False)(key)
        return found
