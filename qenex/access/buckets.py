"""How often something may happen: a bucket of tokens for each key, in the memory of this process."""

import time
from collections.abc import Callable, Hashable
from math import ceil
from operator import itemgetter
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_SLACK = 0.01
"""The part of a token by which sums of floats may be wrong, so that no rounding takes one away."""


class Buckets(Generic[K]):
    """Of each key `count` at once, and `count` in `seconds` in the long run.

    It is the generic cell rate algorithm (ITU-T I.371): of a bucket nothing is kept but when it will be full again, so
    a key costs one float, and one that is full costs nothing. At most `most` keys are known; those that were used
    least are forgotten first. `clock` is in seconds and never goes back.
    """

    def __init__(
        self, count: int, seconds: float, *, clock: Callable[[], float] = time.monotonic, most: int = 10_000
    ) -> None:
        self._each = seconds / count
        self._depth = (count - 1 + _SLACK) * self._each
        self._clock, self._most = clock, most
        self._full: dict[K, float] = {}

    def take(self, key: K) -> bool:
        """Takes a token where there is one. A refusal costs the key nothing."""
        now = self._clock()
        full = self._full.get(key, now)
        if full - now > self._depth:
            return False
        if len(self._full) >= self._most and key not in self._full:
            self._forget(now)
        self._full[key] = max(full, now) + self._each
        return True

    def wait(self, key: K) -> float:
        """Seconds until there is a token; zero where there is one now."""
        full = self._full.get(key)
        return 0.0 if full is None else max(full - self._clock() - self._depth, 0.0)

    def pause(self, key: K) -> int:
        """The same as Retry-After says it: whole seconds, at least one."""
        return max(ceil(self.wait(key)), 1)

    def __len__(self) -> int:
        """How many keys are known."""
        return len(self._full)

    def _forget(self, now: float) -> None:
        """Forgets the full ones, which changes nothing, and then the fuller half of the others."""
        left = sorted(((full, key) for key, full in list(self._full.items()) if full > now), key=itemgetter(0))
        self._full = {key: full for full, key in left[max(len(left) - self._most // 2, 0) :]}
