"""Every error has one shape, a stable code and a page that explains it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.kernel import problems
from qenex.kernel.problems import pointer
from tests.kernel.conftest import make_user, token_client
from tests.support.people import staff_client

pytestmark = [pytest.mark.urls("tests.kernel.routes"), pytest.mark.usefixtures("database")]
BASE = "/api/v1/test"
ID = "req-1"


def _problem(response: Any, *, code: str, status: int, detail: str | None = None) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    kind = problems.find(code)
    assert kind is not None
    errors = {"errors": document["errors"]} if "errors" in document else {}
    assert document == {
        "type": f"/api/v1/problems/{code}",
        "title": kind.title,
        "status": status,
        "detail": detail or kind.help,
        "code": code,
        "instance": f"urn:qenex:request:{ID}",
        **errors,
    }
    assert response.status_code == status
    assert response["X-Request-ID"] == ID
    return document


def _get(client: Client, path: str) -> Any:
    return client.get(BASE + path, headers={"X-Request-ID": ID})


def _post(client: Client, path: str, body: str | bytes, kind: str = "application/json") -> Any:
    return client.post(BASE + path, body, content_type=kind, headers={"X-Request-ID": ID})


def test_a_problem_of_a_service_is_answered_as_it_is(api: Client) -> None:
    response = _get(api, "/fail/teapot")
    _problem(response, code="test_teapot", status=418, detail="Not today.")
    assert response["X-Brew"] == "tea"


def test_busy_says_when_to_come_back(api: Client) -> None:
    response = _get(api, "/fail/busy")
    _problem(response, code="busy", status=503)
    assert response["Retry-After"] == "1"


def test_throttled_says_when_to_come_back(api: Client) -> None:
    response = _get(api, "/fail/throttled")
    _problem(response, code="throttled", status=429, detail="Request was throttled. Expected available in 7 seconds.")
    assert response["Retry-After"] == "7"


def test_nobody_is_asked_who_they_are() -> None:
    response = _get(Client(), "/who")
    _problem(response, code="not_authenticated", status=401, detail="Authentication credentials were not provided.")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_wrong_token_is_refused() -> None:
    response = _get(Client(headers={"Authorization": "Bearer wrong"}), "/who")
    _problem(response, code="authentication_failed", status=401, detail="The token is not valid.")
    challenge = 'Bearer error="invalid_token", error_description="The token is not valid."'
    assert response["WWW-Authenticate"] == challenge


def test_somebody_without_the_permission_is_denied() -> None:
    response = _get(token_client(make_user()), "/who")
    _problem(
        response, code="permission_denied", status=403, detail="You do not have permission to perform this action."
    )


def test_an_undeclared_route_is_denied_even_to_a_superuser() -> None:
    response = _get(token_client(make_user(is_superuser=True)), "/undeclared")
    _problem(
        response, code="permission_denied", status=403, detail="You do not have permission to perform this action."
    )


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_a_method_without_handler_is_not_allowed(api: Client, method: str) -> None:
    response = api.generic(method, f"{BASE}/fail/teapot", headers={"X-Request-ID": ID})
    _problem(response, code="method_not_allowed", status=405, detail=f'Method "{method}" not allowed.')
    assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_only_json_is_answered(api: Client) -> None:
    response = api.get(f"{BASE}/who", headers={"X-Request-ID": ID, "Accept": "text/html"})
    _problem(response, code="not_acceptable", status=406, detail="Could not satisfy the request Accept header.")


def test_only_json_is_taken(api: Client) -> None:
    response = _post(api, "/things", "name=x", "application/x-www-form-urlencoded")
    detail = 'Unsupported media type "application/x-www-form-urlencoded" in request.'
    _problem(response, code="unsupported_media_type", status=415, detail=detail)


@pytest.mark.parametrize("path", ["/commands", "/things", "/echo"])
def test_a_body_beyond_the_limit_is_refused(api: Client, settings: Any, path: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    _problem(_post(api, path, '{"name": "too long"}'), code="too_large", status=413)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = len('{"name": "too long"}')
    assert _post(api, path, '{"name": "too long"}').status_code != 413


def test_a_session_needs_a_csrf_token_to_change_anything(auditor: User) -> None:
    client = staff_client(auditor, enforce_csrf_checks=True)
    response = _post(client, "/things", '{"name": "x"}')
    _problem(response, code="permission_denied", status=403, detail="CSRF Failed: CSRF cookie not set.")


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1", "/api/v1/nothing", "/api/v2/books", "/api/v1/nothing/", "/api/v1/events/x"]
)
def test_an_unknown_address_and_a_missing_row_look_alike(api: Client, path: str) -> None:
    expected = api.get("/api/v1/events/00000000-0000-7000-8000-000000000000", headers={"X-Request-ID": ID})
    _problem(expected, code="not_found", status=404)
    response = api.get(path, headers={"X-Request-ID": ID})
    _problem(response, code="not_found", status=404)
    assert response.content == expected.content


def test_other_pages_keep_their_own_errors() -> None:
    response = Client().get("/nothing")
    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    defect = Client(raise_request_exception=False).get("/plain/defect")
    assert (defect.status_code, defect["Content-Type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["/fail/defect", "/defect"])
def test_a_defect_tells_nothing_of_itself(api: Client, path: str) -> None:
    response = _get(api, path)
    _problem(response, code="server_error", status=500)
    assert b"defect" not in response.content


def test_every_mistake_of_a_body_has_a_pointer(api: Client) -> None:
    body = '{"name": 5, "amount": 1, "lines": [{"amount": "1"}, {"amount": "1.5e3", "x": 1}], "made": "x", "a/b": 1}'
    document = _problem(_post(api, "/things", body), code="invalid", status=400)
    assert document["errors"] == [
        {"pointer": "#/name", "code": "invalid", "detail": "Not a valid string."},
        {"pointer": "#/amount", "code": "type", "detail": 'Must be a decimal number in a string, such as "12.34".'},
        {
            "pointer": "#/lines/1/amount",
            "code": "format",
            "detail": "Must be a plain decimal number such as 12.34, with at most 20 digits before the point.",
        },
        {"pointer": "#/lines/1/x", "code": "unknown_field", "detail": "There is no such field."},
        {"pointer": "#/a~1b", "code": "unknown_field", "detail": "There is no such field."},
        {"pointer": "#/made", "code": "unknown_field", "detail": "There is no such field."},
    ]


def test_a_body_that_is_no_object_is_pointed_at_as_a_whole(api: Client) -> None:
    document = _problem(_post(api, "/things", "[]"), code="invalid", status=400)
    detail = "Invalid data. Expected a dictionary, but got list."
    assert document["errors"] == [{"pointer": "#", "code": "invalid", "detail": detail}]


def test_a_mistake_in_a_query_names_its_parameter(api: Client) -> None:
    url = "/api/v1/events?limit=0&since=yesterday"
    document = _problem(api.get(url, headers={"X-Request-ID": ID}), code="invalid", status=400)
    assert document["errors"] == [{"parameter": "since", "code": "invalid", "detail": "Enter a valid date/time."}]


def test_pointers_escape_as_rfc_6901_says() -> None:
    assert pointer(("a/b", "m~n", "0")) == "#/a~1b/m~0n/0"
    assert pointer(()) == "#"


def test_every_code_has_its_page() -> None:
    client = Client()
    for kind in problems.kinds():
        page = client.get(kind.type)
        assert page.status_code == 200
        assert f"<code>{kind.code}</code>, HTTP status {kind.status}" in page.text
    everything = client.get("/api/v1/problems/").text
    assert all(f'id="{kind.code}"' in everything for kind in problems.kinds())
    assert client.get("/api/v1/problems/nothing").status_code == 404


def test_a_code_is_registered_once() -> None:
    with pytest.raises(ValueError, match="the problem code busy is registered already"):
        problems.register("busy", 500, "x", "y")


def test_the_kernels_codes_never_change() -> None:
    known = {kind.code: kind.status for kind in problems.kinds()}
    assert (
        known.items()
        >= {
            "invalid": 400,
            "malformed": 400,
            "bad_request": 400,
            "cursor_invalid": 400,
            "idempotency_key_required": 400,
            "idempotency_key_invalid": 400,
            "not_authenticated": 401,
            "authentication_failed": 401,
            "permission_denied": 403,
            "not_found": 404,
            "method_not_allowed": 405,
            "not_acceptable": 406,
            "precondition_failed": 412,
            "too_large": 413,
            "unsupported_media_type": 415,
            "idempotency_key_reused": 422,
            "precondition_required": 428,
            "throttled": 429,
            "server_error": 500,
            "busy": 503,
        }.items()
    )
