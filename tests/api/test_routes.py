"""What is at no address of the API."""

import pytest
from django.test import Client


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_no_route_is_a_problem_even_without_a_csrf_token(database: None, method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    reply = client.generic(method, "/api/v1/holds/7/void", "{}", "application/json")
    assert (reply.status_code, reply.headers["Content-Type"]) == (404, "application/problem+json")
    assert reply.json()["code"] == "not_found"
