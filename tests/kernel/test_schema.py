"""The API describes itself, completely and without warnings, from our own files alone."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from tests.kernel import routes

KEY = ("header", "Idempotency-Key", True)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description of the throw-away routes."""
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator(patterns=routes.urlpatterns).get_schema(request=None, public=True)
    return schema


def _parameters(operation: dict[str, Any]) -> set[tuple[str, str, bool]]:
    return {(each["in"], each["name"], each.get("required", False)) for each in operation.get("parameters", [])}


def test_every_operation_names_its_problems(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) >= 9
    for operation in operations:
        for status in ("400", "401", "403", "default") if "security" in operation else ("400", "default"):
            content = operation["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_the_headers_of_the_mixins_are_described(document: dict[str, Any]) -> None:
    paths = document["paths"]
    command = paths["/api/v1/test/commands"]["post"]
    assert _parameters(command) == {KEY}
    assert {"422", "503"} <= set(command["responses"])
    row = paths["/api/v1/test/row"]
    assert _parameters(row["get"]) == {("header", "If-None-Match", False)}
    assert _parameters(row["patch"]) == {("header", "If-Match", True)}
    assert "304" in row["get"]["responses"]
    assert {"412", "428"} <= set(row["patch"]["responses"])


def test_tokens_and_sessions_are_described(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    types = {name: scheme["type"] for name, scheme in schemes.items()}
    assert types == {"bearer": "http", "cookieAuth": "apiKey", "signature": "apiKey"}
    assert document["openapi"] == "3.1.0"


def test_the_committed_description_is_the_present_one() -> None:
    command = [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    committed = Path(settings.BASE_DIR, "docs/api/openapi.yaml").read_text()
    assert done.stdout == committed, "run `make schema`"


def test_anybody_may_read_the_description() -> None:
    response = Client().get("/api/v1/schema")
    assert response.status_code == 200
    assert yaml.safe_load(response.content)["info"]["title"] == "QENEX API"


def test_the_documentation_comes_from_here_alone() -> None:
    page = Client().get("/api/v1/docs", headers={"Accept": "text/html"})
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links == [
        "/static/kernel/favicon.svg",
        "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css",
        "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js",
        "/static/kernel/api_docs.js",
    ]
    assert "<style" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert 'data-schema="/api/v1/schema"' in page.text
