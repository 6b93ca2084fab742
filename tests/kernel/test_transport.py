"""What crosses the network to PostgreSQL and Redis is encrypted, and to the right one."""

import ssl
from typing import Any

import pytest
from kombu.utils.url import parse_url
from redis import Redis

from qenex import env
from qenex.kernel import transportchecks


def _found(settings: Any, monkeypatch: pytest.MonkeyPatch, database: str, redis: str) -> list[str]:
    """The numbers of the checks in production, with these URLs."""
    settings.PROFILE, settings.REDIS_LOCATION = "production", redis
    parts: Any = env.database(database)
    for alias in ("default", "owner", "reader"):
        for key in ("HOST", "OPTIONS"):
            monkeypatch.setitem(settings.DATABASES[alias], key, parts[key])
    return sorted({str(each.id) for each in transportchecks.check_transport(None)})


SAFE_REDIS = "rediss://redis.example/0"
SAFE = "postgresql://db.example/qenex?sslmode=verify-full"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example/qenex",
        "postgresql://10.0.0.7/qenex",
        "postgresql://db.example/qenex?sslmode=require",
        "postgresql://db.example/qenex?sslmode=verify-ca",
        "postgresql://db.example/qenex?sslmode=disable",
        "postgresql:///qenex?host=db.example",
        "postgresql:///qenex?host=/run/postgresql,db.example",
        "postgresql://localhost/qenex?hostaddr=10.0.0.7",
        "postgresql://localhost.example/qenex",
        "postgresql://0.0.0.0/qenex",
    ],
)
def test_a_database_elsewhere_needs_a_name_that_is_verified(
    settings: Any, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    assert _found(settings, monkeypatch, url, SAFE_REDIS) == ["qenex.E047"]


@pytest.mark.parametrize(
    "url",
    [
        SAFE,
        "postgresql:///qenex?host=db.example&sslmode=verify-full",
        "postgresql:///qenex?host=/run/postgresql",
        "postgresql://localhost/qenex",
        "postgresql://127.0.0.1:6432/qenex",
        "postgresql://127.8.0.1/qenex",
        "postgresql://[::1]/qenex",
        "postgresql:///qenex",
    ],
)
def test_a_verified_one_and_this_machine_pass(settings: Any, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert _found(settings, monkeypatch, url, SAFE_REDIS) == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://redis.example:6379/0", ["qenex.E048"]),
        ("redis://:secret@10.0.0.8/0", ["qenex.E048"]),
        ("rediss://redis.example/0?ssl_cert_reqs=none", ["qenex.E048"]),
        ("rediss://redis.example/0?ssl_cert_reqs=CERT_NONE", ["qenex.E048"]),
        ("rediss://redis.example/0?ssl_cert_reqs=optional", ["qenex.E048"]),
        ("rediss://redis.example/0?ssl_check_hostname=False", ["qenex.E048"]),
        (SAFE_REDIS, []),
        ("rediss://redis.example/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem", []),
        ("redis://127.0.0.1:6379/0", []),
        ("redis://[::1]/0", []),
        ("unix:///run/redis.sock", []),
    ],
)
def test_redis(settings: Any, monkeypatch: pytest.MonkeyPatch, url: str, found: list[str]) -> None:
    assert _found(settings, monkeypatch, SAFE, url) == found


@pytest.mark.parametrize("query", ["", "?ssl_ca_certs=/etc/ca.pem", "?ssl_cert_reqs=required"])
def test_the_queues_of_tasks_verify_too(query: str) -> None:
    """Celery takes any certificate by `rediss://` alone."""
    url = env.redis(f"rediss://redis.example/0{query}")
    parsed = parse_url(url)
    assert parsed["ssl"]["ssl_cert_reqs"] == ssl.CERT_REQUIRED
    pool = Redis.from_url(url).connection_pool
    assert pool.connection_kwargs["ssl_cert_reqs"] == "required"
    assert [env.redis(each) for each in ("", "redis://h/0", "unix:///s")] == ["", "redis://h/0", "unix:///s"]


def test_the_embedded_profile_is_not_asked(settings: Any) -> None:
    settings.REDIS_LOCATION = "redis://redis.example"
    assert transportchecks.check_transport(None) == []
