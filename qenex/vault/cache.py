"""Keys that were unwrapped, kept for a bounded time and up to a bounded count."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """A dictionary of `count()` entries at most, the least recently used leaving first, each for `seconds()` at most.

    Safe for threads. The bounds are asked for anew each time, so that settings may change.
    """

    def __init__(
        self, seconds: Callable[[], float], count: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._count, self._clock = seconds, count, clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()
        self._era = 0
        _all.add(self)

    def get(self, key: K) -> V | None:
        """The value, unless its time is over."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry[0] <= self._clock():
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return entry[1]

    def era(self) -> int:
        """Changes whenever the cache is cleared; for `put` of what was looked up before."""
        return self._era

    def put(self, key: K, value: V, era: int | None = None) -> None:
        """Keeps the value, unless the cache was cleared since `era`: what was read before may be shredded by now."""
        with self._lock:
            if era is not None and era != self._era:
                return
            self._entries[key] = (self._clock() + self._seconds(), value)
            self._entries.move_to_end(key)
            while len(self._entries) > self._count():
                self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._era += 1
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _unlock(self) -> None:
        self._lock = threading.Lock()


_all: "WeakSet[Cache[Any, Any]]" = WeakSet()


def _after_fork() -> None:
    """The parent's other threads, one of which may have held a lock, do not exist in the child."""
    for cache in list(_all):
        cache._unlock()


os.register_at_fork(after_in_child=_after_fork)
