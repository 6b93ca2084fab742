"""Probes tell the truth and touch nothing that they need not."""

from typing import Any
from unittest.mock import MagicMock

import pytest
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from qenex.kernel import health


def test_livez_touches_nothing(settings: Any) -> None:
    """No database is unblocked here, the host is not ours, and a session's cookie is not looked at."""
    settings.ALLOWED_HOSTS = ["qenex.example"]
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    client.cookies["sessionid"] = "x"
    response = client.get("/livez", headers={"Host": "10.1.2.3:8000"})
    assert (response.status_code, response.content, response["Cache-Control"]) == (200, b"ok\n", "no-store")
    assert client.head("/livez").status_code == 200
    assert (client.post("/livez").status_code, client.post("/livez")["Allow"]) == (405, "GET, HEAD")


def test_readyz_names_what_is_there(database: None) -> None:
    response = Client().get("/readyz")
    document = response.json()
    alarms = document["checks"].pop("alarms")["status"]
    assert (response.status_code, document["status"], alarms) in ((200, "ok", "ok"), (200, "degraded", "degraded"))
    assert {name: check["status"] for name, check in document["checks"].items()} == {
        "database": "ok",
        "reader": "ok",
        "migrations": "ok",
        "redis": "ok",
        "keys": "ok",
    }


def test_readyz_names_what_is_missing(database: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_LOCATION = "unix:///nowhere/secret.sock"
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *args: [object(), object()])
    response = Client().get("/readyz")
    document = response.json()
    document["checks"].pop("alarms")
    for check in document["checks"].values():
        assert check.pop("milliseconds") >= 0
    assert (response.status_code, document) == (
        503,
        {
            "status": "failed",
            "checks": {
                "database": {"status": "ok"},
                "reader": {"status": "ok"},
                "migrations": {"status": "failed", "detail": "2 not applied"},
                "redis": {"status": "failed", "detail": "ConnectionError"},
                "keys": {"status": "ok"},
            },
        },
    )


def test_readyz_tells_a_standby_from_a_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    standby = MagicMock()
    standby.cursor.return_value.__enter__.return_value.fetchone.return_value = (True,)
    monkeypatch.setattr(health, "connections", {"default": standby})
    with pytest.raises(health.Unready, match="a standby"):
        health.check_writer()


def test_metrics_without_a_token_are_for_this_machine(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    local = Client().get("/metrics")
    assert local.status_code == 200
    assert b"django_http_requests_before_middlewares_total" in local.content
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 403
    assert Client(headers={"X-Forwarded-For": "192.0.2.1"}).get("/metrics").status_code == 403


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Token right-token", "Bearer right-token ", "Bearer rïght"])
def test_metrics_with_a_token_are_for_its_bearer(settings: Any, header: str) -> None:
    settings.METRICS_TOKEN = "right-token"
    response = Client(headers={"Authorization": header}).get("/metrics")
    assert (response.status_code, response["WWW-Authenticate"], response.content) == (401, "Bearer", b"")
    remote = Client(REMOTE_ADDR="192.0.2.1", headers={"Authorization": "Bearer right-token"})
    assert remote.get("/metrics").status_code == 200
