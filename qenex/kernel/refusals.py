"""Refusals in the log, without a way to fill it: one event a minute of each kind and principal, with their number.

The first is written at once. Those that follow within a minute are counted in the memory of the process; the number
is written with whichever refusal comes first after the minute, and a process that ends before that takes it along. Of
the principals and addresses of a flood, the first thirty in a minute have events of their own; others share one.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from qenex.kernel import context
from qenex.kernel.context import Context

REFUSED = "kernel.request.refused"
STATUSES = frozenset({401, 403, 429})
SECONDS = 60.0
MOST = 30
"""Principals that have events of their own within a minute."""
Write = Callable[[Mapping[str, Any], Context], None]


class Kind(NamedTuple):
    """How something was refused."""

    status: int
    code: str
    """Of the problem; none on pages."""
    method: str
    route: str


class _Key(NamedTuple):
    status: int
    code: str
    who: str


@dataclass
class _Counted:
    since: float
    by: Context
    kind: Kind
    count: int = 0
    """Since the last event."""


class Refusals:
    """What was refused within the last minute. `clock` is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[_Key, _Counted] = {}
        self._lock = threading.Lock()

    def refused(self, kind: Kind, by: Context) -> list[tuple[dict[str, Any], Context]]:
        """Counts a refusal; the events that are to be written now, each with its circumstances."""
        with self._lock:
            now = self._clock()
            due = list(self._over(now))
            key = self._key(kind, by)
            known = self._known.get(key)
            if known is None:
                self._known[key] = _Counted(now, by, kind)
                due.append(_event(_Counted(now, by, kind, 1), key))
            else:
                known.count += 1
                known.by, known.kind = by, kind
            return due

    def _over(self, now: float) -> Iterator[tuple[dict[str, Any], Context]]:
        """Forgets those whose minute is over; the events of what they were counted since."""
        for key in [key for key, each in self._known.items() if now >= each.since + SECONDS]:
            counted = self._known.pop(key)
            if counted.count:
                yield _event(counted, key)

    def _key(self, kind: Kind, by: Context) -> _Key:
        who = f"user {by.actor_id}" if by.actor_id is not None else f"address {by.address}"
        key = _Key(kind.status, kind.code, who)
        if key in self._known or len(self._known) < MOST:
            return key
        return _Key(kind.status, kind.code, "others")


def _event(counted: _Counted, key: _Key) -> tuple[dict[str, Any], Context]:
    others = key.who == "others"
    data = {**counted.kind._asdict(), "count": counted.count, "others": others}
    fields = {"type": REFUSED, "subject_type": "request", "subject_id": "", "data": data}
    return fields, Context(actor="others", method="various") if others else counted.by


_refusals = Refusals()


def refused(kind: Kind, write: Write) -> None:
    """Counts a refusal of whoever is acting, and writes the events that are due."""
    for fields, by in _refusals.refused(kind, context.current()):
        write(fields, by)


def reset() -> None:
    """Forgets what was counted, for tests."""
    global _refusals
    _refusals = Refusals()
