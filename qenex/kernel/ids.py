"""UUIDv7 identifiers (RFC 9562, section 5.7): sorted by time of making, monotonic within a process."""

import os
import threading
import time
from uuid import UUID

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_COUNTER_BITS = 12
_lock = threading.Lock()
_last = 0


def _tick() -> int:
    """Milliseconds and 12 bits of their fraction in one number that never repeats (RFC 9562, 6.2, method 3)."""
    global _last
    now = (time.time_ns() << _COUNTER_BITS) // 1_000_000
    with _lock:
        _last = now if now > _last else _last + 1
        return _last


def uuid7() -> UUID:
    """A new UUIDv7, larger than any that this process made before."""
    tick = _tick()
    milliseconds, fraction = tick >> _COUNTER_BITS, tick & 0xFFF
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=(milliseconds << 80) | (fraction << 64) | _VERSION_AND_VARIANT | random)


def uuid7_many(count: int) -> list[UUID]:
    """So many new UUIDv7s, in order, with one read of the system's randomness."""
    random = os.urandom(8 * count)
    made = []
    for offset in range(0, 8 * count, 8):
        tick = _tick()
        low = int.from_bytes(random[offset : offset + 8], "big") >> 2
        made.append(UUID(int=((tick >> 12) << 80) | ((tick & 0xFFF) << 64) | _VERSION_AND_VARIANT | low))
    return made
