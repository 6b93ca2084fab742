"""A command asks for a wake-up when it has committed, and never waits for Redis."""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from channels_redis.core import RedisChannelLayer
from django.conf import settings
from django.db import transaction
from redis import Redis

from qenex.kernel import events, wakeups


def test_a_commit_asks_for_a_wake_up_and_a_rollback_does_not(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(wakeups, "wake", lambda: asked.append("wake"))
    with transaction.atomic():
        events.emit("test.noted", subject_type="x", subject_id="1")
        assert asked == []
    assert asked == ["wake"]
    with transaction.atomic():
        events.emit("test.noted", subject_type="x", subject_id="1")
        transaction.set_rollback(True)
    assert asked == ["wake"]


def test_many_commits_cause_few_wake_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[float] = []

    async def note() -> None:
        sent.append(time.monotonic())

    monkeypatch.setattr(wakeups, "send", note)
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        wakeups.wake()
    time.sleep(2 * wakeups.PAUSE)
    assert 2 <= len(sent) <= 10
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert min(gaps) >= wakeups.PAUSE


def test_a_dead_redis_is_logged_and_survived(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    tried = threading.Event()
    good = threading.Event()

    async def fail() -> None:
        if tried.is_set():
            good.set()
            return
        tried.set()
        raise ConnectionRefusedError

    monkeypatch.setattr(wakeups, "send", fail)
    wakeups.wake()
    assert tried.wait(5)
    wakeups.wake()
    assert good.wait(5)
    assert caplog.messages == ["wake-up failed: ConnectionRefusedError"]


def test_a_wake_up_travels_through_redis(database: None) -> None:
    """What a consumer of another process receives."""

    async def listen() -> Any:
        layer = RedisChannelLayer(hosts=[settings.REDIS_LOCATION])
        channel = await layer.new_channel()
        await layer.group_add(wakeups.GROUP, channel)
        await wakeups.send()
        message = await layer.receive(channel)
        await layer.group_discard(wakeups.GROUP, channel)  # else it fills up, which every sender would log
        await layer.close_pools()
        return message

    assert asyncio.run(listen()) == {"type": "events.recorded"}


def test_a_closed_process_leaves_no_connection_and_may_wake_again(database: None, settings: Any) -> None:
    """Every test process uses this Redis: the connection is known by a name of its own."""
    name = f"wakeups-{uuid4()}"
    host = {"address": settings.REDIS_LOCATION, "client_name": name}
    layer = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [host]}}
    wakeups.close()
    settings.CHANNEL_LAYERS = {"default": layer}
    with closing(Redis.from_url(settings.REDIS_LOCATION)) as redis:

        def connected() -> int:
            return sum(client["name"] == name for client in redis.client_list())

        for _ in range(2):
            wakeups.wake()
            assert _eventually(lambda: connected() == 1)
            wakeups.close()
            assert _eventually(lambda: connected() == 0)


def _eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()
