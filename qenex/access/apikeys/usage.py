"""When a key was used last: written at most every half minute for each key, apart from what the request does."""

import logging
import threading
import time
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.db import Error
from django.db.models import Q

from qenex.access.models import ApiKey
from qenex.kernel import clock
from qenex.kernel.transactions import Busy, run

SECONDS = 30.0
logger = logging.getLogger(__name__)
_written: dict[UUID, float] = {}
_lock = threading.Lock()


def apikey_used(uses: Iterable[tuple[UUID, str | None]]) -> int:
    """Notes that keys were used, each from an address; returns how many rows were written.

    What is stored lags behind by at most half a minute. No event: each thing that the key does has its own. Where the
    database refuses, the request goes on all the same, and it is logged.
    """
    try:
        return sum(run(partial(_write, key, address)) for key, address in _due(uses))
    except (Busy, Error):
        logger.exception("the last use of a key was not written")
        return 0


def _due(uses: Iterable[tuple[UUID, str | None]]) -> list[tuple[UUID, str | None]]:
    now, due = time.monotonic(), []
    with _lock:
        for key, address in uses:
            if now >= _written.get(key, -SECONDS) + SECONDS:
                _written[key] = now
                due.append((key, address))
    return due


def _write(key: UUID, address: str | None) -> int:
    now = clock.now()
    older = Q(last_used_at=None) | Q(last_used_at__lt=now)
    return ApiKey.objects.filter(older, pk=key).update(last_used_at=now, last_used_address=address)
