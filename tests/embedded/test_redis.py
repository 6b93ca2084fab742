"""The embedded Redis."""

from contextlib import closing
from pathlib import Path

from kombu import Connection
from redis import Redis

from qenex.embedded import redis
from qenex.embedded.paths import socket_dir


def test_url_is_computed_without_touching_anything(var: Path) -> None:
    assert redis.redis_url(var) == f"unix://{var}/run/redis.sock?db=0"
    assert not var.exists()


def test_start_is_shared_and_stop_waits_for_other_users(var: Path) -> None:
    assert redis.ensure_running(var) is True
    assert redis.ensure_running(var) is False
    with closing(Redis.from_url(redis.redis_url(var))) as client:
        client.set("name", "value")
        assert client.get("name") == b"value"
        assert redis.users(var) == 1
        assert redis.stop(var, only_unused=True) is False
    assert redis.stop(var, only_unused=True) is True
    assert redis.is_running(var) is False


def test_nothing_is_kept_on_disk(var: Path) -> None:
    redis.ensure_running(var)
    with closing(Redis.from_url(redis.redis_url(var))) as client:
        client.set("name", "value")
    redis.stop(var)
    redis.ensure_running(var)
    with closing(Redis.from_url(redis.redis_url(var))) as client:
        assert client.get("name") is None
        assert client.config_get("appendonly")["appendonly"] == "no"
    assert [path.name for path in socket_dir(var).iterdir()] == ["redis.sock"]


def test_celery_reaches_it_with_the_url_that_the_settings_derive(var: Path) -> None:
    redis.ensure_running(var)
    url = redis.redis_url(var).replace("unix://", "redis+socket://", 1)
    with Connection(url) as connection, closing(connection.SimpleQueue("greetings")) as queue:
        queue.put("hello")
        assert queue.get(timeout=5).payload == "hello"
