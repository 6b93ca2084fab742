"""Telling live pages that there is something new. A lost wake-up loses nothing: who wakes up reads the log."""

import asyncio
import logging
import threading
import time

from channels.layers import get_channel_layer
from django.conf import settings

GROUP = "events"
PAUSE = 0.05
"""Seconds between two wake-ups of one process, however many commands it carries out."""
SECONDS = 5
"""How long ending may take."""

logger = logging.getLogger(__name__)
_waiting = threading.Event()
_groups: set[str] = set()
_closing = threading.Event()
_thread: threading.Thread | None = None
_starting = threading.Lock()


def wake(group: str = GROUP) -> None:
    """Asks for a wake-up of a group of consumers soon, without waiting for Redis: for `transaction.on_commit`."""
    global _thread
    _groups.add(group)
    _waiting.set()
    if _thread is None or not _thread.is_alive():  # the first time in this process, forked ones included
        with _starting:
            if _thread is None or not _thread.is_alive():
                _thread = threading.Thread(target=_run, name="wakeups", daemon=True)
                _thread.start()


def close() -> None:
    """Ends this process's connection to Redis until the next wake-up, so that Redis can tell whether others use it."""
    global _thread
    with _starting:
        if _thread is None:
            return
        _closing.set()
        _waiting.set()
        _thread.join(SECONDS)
        _closing.clear()
        _thread = None


def _run() -> None:
    # Without `up` nobody runs the embedded Redis, and no page is there to be woken.
    level, failing = (logging.DEBUG if settings.EMBEDDED_REDIS else logging.WARNING), False
    with asyncio.Runner() as runner:  # one loop for the thread's life, so that one connection to Redis serves it
        while _waiting.wait():
            _waiting.clear()
            if _closing.is_set():
                return
            try:
                runner.run(send())
                failing = False
            except Exception as error:  # noqa: BLE001  # live pages are late, nothing else
                if not failing:  # told once, not at every attempt
                    logger.log(level, "wake-up failed: %s", type(error).__name__)
                failing = True
            time.sleep(PAUSE)


async def send() -> None:
    """Wakes every live consumer of every process: those of events, and those that somebody asked to be woken."""
    layer = get_channel_layer()
    if layer is not None:
        for group in {GROUP, *(_groups.pop() for _ in range(len(_groups)))}:
            await layer.group_send(group, {"type": f"{group}.recorded"})
