"""Every dangerous setting is an error with a number."""

import os
import secrets
import subprocess
import sys
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connections
from django.http import HttpRequest
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from qenex.kernel import checks, grants, predicatelocks, routes, views

PRODUCTION = {
    "PROFILE": "production",
    "DEBUG": False,
    "SECRET_KEY": "k" * 50,
    "EMBEDDED_POSTGRES": False,
    "EMBEDDED_REDIS": False,
    "ALLOWED_HOSTS": ["qenex.example"],
    "TLS_CERT": "",
    "TRUSTED_PROXIES": 1,
    "METRICS_TOKEN": "m",
}


def _ids(found: Any) -> list[str]:
    return [each.id for each in found]


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({}, []),
        ({"SECRET_KEY": "k" * 49}, ["qenex.E001"]),
        ({"DEBUG": True}, ["qenex.E002"]),
        ({"EMBEDDED_POSTGRES": True}, ["qenex.E003"]),
        ({"EMBEDDED_REDIS": True}, ["qenex.E004"]),
        ({"ALLOWED_HOSTS": []}, ["qenex.E005"]),
        ({"ALLOWED_HOSTS": ["a", "*"]}, ["qenex.E005"]),
        ({"TRUSTED_PROXIES": 0}, ["qenex.E040"]),
        ({"TRUSTED_PROXIES": 0, "TLS": True}, ["qenex.E040"]),
        ({"TRUSTED_PROXIES": 0, "TLS_CERT": "/etc/tls/qenex.pem"}, []),
        ({"METRICS_TOKEN": ""}, ["qenex.E041"]),
        ({"PROFILE": "embedded", "DEBUG": True, "ALLOWED_HOSTS": []}, []),
    ],
)
def test_the_production_profile(settings: Any, change: dict[str, Any], number: list[str]) -> None:
    for name, value in {**PRODUCTION, **change}.items():
        setattr(settings, name, value)
    assert _ids(checks.check_profile(None)) == number


@pytest.mark.parametrize(
    ("alias", "change", "numbers"),
    [
        ("default", {}, []),
        ("default", {"OPTIONS": {"isolation_level": 3}}, ["qenex.E006"]),
        ("default", {"OPTIONS": {}}, ["qenex.E006"]),
        ("reader", {"CONN_MAX_AGE": 60}, ["qenex.E007"]),
        ("default", {"DISABLE_SERVER_SIDE_CURSORS": False}, ["qenex.E007"]),
        ("default", {"ATOMIC_REQUESTS": True}, ["qenex.E008"]),
    ],
)
def test_the_databases(
    monkeypatch: pytest.MonkeyPatch, settings: Any, alias: str, change: dict[str, Any], numbers: list[str]
) -> None:
    for key, value in change.items():
        monkeypatch.setitem(settings.DATABASES[alias], key, value)
    assert _ids(checks.check_databases(None)) == numbers


class Open(APIView):
    permission_classes = [AllowAny]


class Public(Open):
    public = True


class Half(views.APIView):
    required_permissions = {"GET": "kernel.view_event"}

    def get(self, request: HttpRequest) -> None:
        """Declared."""

    def post(self, request: HttpRequest) -> None:
        """Not declared."""


class Misspelt(views.APIView):
    required_permissions = {"GET": "kernel.view_evnet"}

    def get(self, request: HttpRequest) -> None:
        """Declared, but nobody can have the permission."""


@pytest.mark.parametrize(
    ("view", "found"),
    [
        (Open, [("qenex.E010", "/x checks no permission.")]),
        (Public, []),
        (Half, [("qenex.E011", "POST /x declares no permission.")]),
        (Misspelt, [("qenex.E012", "GET /x needs kernel.view_evnet, which no model has.")]),
    ],
)
def test_the_routes(view: Any, found: list[tuple[str, str]]) -> None:
    (listed,) = routes.api_views([path("x", view.as_view())])
    assert [(each.id, each.msg) for each in routes.check_view(*listed, routes.permissions())] == found


def test_our_own_routes_are_declared() -> None:
    assert routes.check_routes(None) == []


def test_the_facts_are_closed(database: None) -> None:
    assert run_checks(databases=["default", "owner"]) == []


@pytest.mark.parametrize(
    ("change", "alias", "found"),
    [
        ("DROP TRIGGER append_only ON kernel_event", "owner", "qenex.E021"),
        ("ALTER TABLE kernel_event DISABLE TRIGGER append_only", "owner", "qenex.E021"),
    ],
)
def test_a_missing_trigger_is_found(database: None, change: str, alias: str, found: str) -> None:
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(change)
        errors = checks._facts(alias)
        cursor.execute("ROLLBACK")
    assert [(each.id, each.msg) for each in errors] == [
        (found, "The trigger that keeps kernel_event append-only is missing.")
    ]


def test_a_privilege_too_many_is_found(database: None) -> None:
    owner = connections["owner"]
    try:
        with owner.cursor() as cursor:
            cursor.execute("GRANT DELETE ON kernel_event TO qenex_writer")
        errors = checks._facts("default")
    finally:
        with owner.cursor() as cursor:
            grants._grant(cursor, "qenex_writer", "kernel_event", grants.APPENDING)
    assert [(each.id, each.msg) for each in errors] == [
        ("qenex.E022", "The application's role may change kernel_event.")
    ]
    assert checks._facts("default") == []


def test_an_old_server_is_found(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SERVER_VERSION", 990_000)
    assert _ids(checks._facts("default")) == ["qenex.E020"]


def test_too_little_room_for_predicate_locks_is_found(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks._room("default") == []
    more = {name: least + 1 for name, least in predicatelocks.LEAST.items()}
    monkeypatch.setattr(predicatelocks, "LEAST", more)
    [warning] = checks.check_facts(None, ["default", "owner"])
    assert warning.id == "qenex.W023"
    assert all(f"{name}={least}" in str(warning.hint) for name, least in more.items())


def _deploy(**environment: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "QENEX_VAR")}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_proper_production_environment_passes() -> None:
    environment = {
        "QENEX_PROFILE": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "qenex.example",
        "DATABASE_URL": "postgresql://db.example/qenex?sslmode=verify-full",
        "REDIS_URL": "rediss://redis.example",
        "TRUSTED_PROXIES": "1",
        "METRICS_TOKEN": secrets.token_urlsafe(16),
        "QENEX_KEY_PROVIDER": "pkcs11",
        "QENEX_PKCS11_MODULE": "/usr/lib/hsm.so",
        "QENEX_PKCS11_TOKEN": "qenex",
        "QENEX_PKCS11_PIN": secrets.token_urlsafe(8),
    }
    assert _deploy(**environment) == (0, "System check identified no issues (0 silenced).\n")


def test_clear_text_to_other_machines_fails_a_deployment_and_no_other_check() -> None:
    environment = {
        "QENEX_PROFILE": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "DATABASE_URL": "postgresql://db.example/qenex",
        "REDIS_URL": "redis://redis.example",
    }
    text = _deploy(**environment)[1]
    assert text.count("(qenex.E047)") == 3
    assert text.count("(qenex.E048)") == 1


def test_an_empty_production_environment_fails() -> None:
    status, text = _deploy(QENEX_PROFILE="production", DEBUG="1")
    assert status == 1
    for number in ("E001", "E002", "E003", "E004", "E005", "E030", "E040", "E041"):
        assert f"(qenex.{number})" in text
