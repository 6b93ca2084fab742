"""UUIDv7 identifiers (RFC 9562, section 5.7): sorted by time of making, monotonic within a process."""

import os
import threading
import time
from struct import Struct
from uuid import UUID

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_COUNTER_BITS = 12
_NUMBERS = Struct(">512Q")
_lock = threading.Lock()
_last = 0
_pool: list[int] = []


def _tick() -> int:
    """Milliseconds and 12 bits of their fraction in one number that never repeats (RFC 9562, 6.2, method 3)."""
    global _last
    now = (time.time_ns() << _COUNTER_BITS) // 1_000_000
    with _lock:
        _last = now if now > _last else _last + 1
        return _last


def _random() -> int:
    """62 random bits. The system is asked for many at a time: a call of it takes longer than all the rest here."""
    while True:
        try:
            return _pool.pop()  # which no two threads do at once
        except IndexError:
            _pool.extend([number >> 2 for number in _NUMBERS.unpack(os.urandom(_NUMBERS.size))])


def _number() -> int:
    """A new one as a number."""
    tick = _tick()
    return ((tick >> _COUNTER_BITS) << 80) | ((tick & 0xFFF) << 64) | _VERSION_AND_VARIANT | _random()


# A forked process must not give out what its parent does.
os.register_at_fork(after_in_child=_pool.clear)


def uuid7() -> UUID:
    """A new UUIDv7, larger than any that this process made before."""
    return UUID(int=_number())


def uuid7_text() -> str:
    """The same as text, in half the time: every request gets one."""
    digits = f"{_number():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid7_many(count: int) -> list[UUID]:
    """So many new UUIDv7s, in order, with one read of the system's randomness."""
    random = os.urandom(8 * count)
    made = []
    for offset in range(0, 8 * count, 8):
        tick = _tick()
        low = int.from_bytes(random[offset : offset + 8], "big") >> 2
        made.append(UUID(int=((tick >> 12) << 80) | ((tick & 0xFFF) << 64) | _VERSION_AND_VARIANT | low))
    return made
