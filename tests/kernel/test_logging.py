"""Logs are ECS JSON with the request and the actor, and never a secret or an amount."""

import json
import logging
import os
import pty
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from qenex.kernel.logging import HIDDEN, redact
from tests.kernel.conftest import token_client

PROGRAM = """
import logging, os
os.environ["DJANGO_SETTINGS_MODULE"] = "qenex.settings"
import django; django.setup()
import structlog
structlog.contextvars.bind_contextvars(request_id="r-1", actor="anna")
structlog.get_logger("app").info("posted", event_id="e-1", password="hunter2", data={"amount": "12.34", "n": 1})
logging.getLogger("lib").warning("called %s", "/x?token=abcdefgh&n=1", extra={"api_key": "k"})
try:
    raise ValueError("Bearer abcdefghijk")
except ValueError:
    logging.getLogger("lib").exception("failed")
logging.getLogger("lib").debug("not shown")
"""


def _lines() -> list[dict[str, Any]]:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_is_ecs_json_without_secrets() -> None:
    posted, called, failed = _lines()
    stamp = posted.pop("@timestamp")
    assert stamp.endswith("Z")
    assert posted == {
        "message": "posted",
        "log.level": "info",
        "log": {"logger": "app"},
        "request_id": "r-1",
        "actor": "anna",
        "event_id": "e-1",
        "password": HIDDEN,
        "data": {"amount": HIDDEN, "n": 1},
        "ecs.version": posted["ecs.version"],
    }
    assert called["message"] == f"called /x?token={HIDDEN}&n=1"
    assert (called["log.level"], called["log"], called["api_key"]) == ("warning", {"logger": "lib"}, HIDDEN)
    assert (called["request_id"], called["actor"]) == ("r-1", "anna")
    assert failed["message"] == "failed"
    assert failed["error"]["stack_trace"].splitlines()[-1] == f"ValueError: Bearer {HIDDEN}"


def test_a_terminal_gets_readable_lines_without_secrets() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=settings.BASE_DIR, stdout=theirs, text=True) as process:
        process.wait(30)
    os.close(theirs)
    text = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "posted" in text
    assert "hunter2" not in text
    assert "abcdefgh" not in text
    assert "12.34" not in text
    assert not text.startswith("{")


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"x": "Authorization: Token abcdefgh12"}, {"x": f"Authorization: Token {HIDDEN}"}),
        ({"Set-Cookie": "a"}, {"Set-Cookie": HIDDEN}),
        ({"a": [{"user_password1": 1}, ("secret=x", 2)]}, {"a": [{"user_password1": HIDDEN}, [f"secret={HIDDEN}", 2]]}),
        ({"a": {"b": {"debits_posted": 1, "available_balance": 2, "credits": 3}}}, None),
        ({"n": 5, "path": "/api/v1/accounts"}, {"n": 5, "path": "/api/v1/accounts"}),
    ],
)
def test_secrets_and_amounts_are_hidden_at_any_depth(event: dict[str, Any], shown: dict[str, Any] | None) -> None:
    hidden = {"a": {"b": dict.fromkeys(("debits_posted", "available_balance", "credits"), HIDDEN)}}
    assert redact(None, "info", event) == (hidden if shown is None else shown)


def test_a_request_is_logged_with_its_actor_and_id(auditor: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "django_structlog"):
        token_client(auditor).get("/api/v1/events?subject=x", headers={"X-Request-ID": "r-77"})
    (line,) = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert (line["event"], line["code"], line["request"]) == ("request_finished", 200, "GET /api/v1/events?subject=x")
    assert (line["request_id"], line["actor"]) == ("r-77", auditor.username)
    assert "ip" not in line


def test_probes_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Client().get("/livez")
    assert caplog.records == []
