"""The committed description is an OpenAPI 3.1 document, and every operation of ours is in it."""

from typing import Any

import pytest
import yaml
from django.conf import settings

METHODS = {"get", "post", "patch", "delete"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What is committed; that it is the present one is a test of the kernel."""
    read: dict[str, Any] = yaml.safe_load((settings.BASE_DIR / "docs/api/openapi.yaml").read_text())
    return read


def test_it_is_openapi(document: dict[str, Any]) -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # seconds of grammars, for this process alone

    assert document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    named = {
        f"{method.upper()} {path.removeprefix('/api/v1/')}"
        for path, operations in document["paths"].items()
        for method in METHODS & set(operations)
    }
    assert named == {
        *("GET books", "POST books", "GET books/{ref}", "PATCH books/{ref}"),
        *("GET assets", "POST assets", "GET assets/{ref}"),
        *("GET accounts", "POST accounts", "GET accounts/{id}", "PATCH accounts/{id}"),
        *("GET accounts/{id}/balance", "GET accounts/{id}/transfers"),
        *("GET transfers", "POST transfers", "POST transfers/batch", "GET transfers/{id}"),
        *("GET journals", "POST journals", "GET journals/{id}", "POST journals/{id}/reverse"),
        *("POST exchanges", "GET holds", "GET holds/{id}", "POST holds/{id}/post", "POST holds/{id}/void"),
        *("GET limits", "POST limits", "GET limits/{id}", "DELETE limits/{id}"),
        *("POST auth/token", "POST auth/refresh", "POST auth/revoke", "GET auth/jwks"),
        *("GET approvals", "GET approvals/{id}"),
        *(f"POST approvals/{{id}}/{decision}" for decision in ("approve", "reject", "withdraw")),
        *("GET reports/trial-balance", "GET events", "GET events/{id}", "GET events/{id}/personal"),
        *("GET events/{id}/receipt", "GET transfers/{id}/receipt"),
        *("GET log/checkpoint", "GET log/keys", "GET log/tile/{path}", "GET log/proof", "GET log/consistency"),
    }


def test_amounts_are_never_numbers(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for schema in ("SingleIn", "LegIn", "TransferIn", "Result", "Transfer", "Counters", "Hold"):
        for name, member in schemas[schema]["properties"].items():
            if name in ("amount", "posted", "debit_balance", "credit_balance", "remaining", "available"):
                assert "number" not in str(member.get("type")), (schema, name)
                assert "pattern" in str(member), (schema, name)


def test_a_batch_is_described_in_both_media_types(document: dict[str, Any]) -> None:
    content = document["paths"]["/api/v1/transfers/batch"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson"}
