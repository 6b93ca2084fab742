"""Who acts, from where, under which request."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.kernel import context, middleware
from qenex.kernel.middleware import client_address, is_loopback, request_id
from tests.kernel.conftest import token_client
from tests.support.marked import marked
from tests.support.people import sign_in, staff_client

pytestmark = pytest.mark.urls("tests.kernel.routes")
URL = "/api/v1/test/who"


def test_a_token_request_acts_as_its_user(auditor: User) -> None:
    response = token_client(auditor).get(URL, headers={"X-Request-ID": "abc"})
    assert response.json() == {
        "id": auditor.pk,
        "actor": auditor.username,
        "address": "127.0.0.1",
        "method": "jwt",
        "request": "abc",
    }
    assert context.current() == context.SYSTEM


def test_a_session_request_acts_as_its_user(auditor: User) -> None:
    client = staff_client(auditor)
    assert client.get(URL).json()["method"] == "session"
    assert context.current() == context.SYSTEM


def test_a_token_wins_over_a_session(auditor: User, database: None) -> None:
    client = token_client(auditor)
    with marked():
        user = User.objects.create(username=uuid.uuid4().hex)
    sign_in(client, user)
    shown = client.get(URL).json()
    assert (shown["actor"], shown["method"]) == (auditor.username, "jwt")


@pytest.mark.parametrize("given", ["a" * 64, "01J-x_y.z:0", "7"])
def test_a_sane_request_id_is_kept(given: str) -> None:
    assert request_id(given) == given


@pytest.mark.parametrize("given", [None, "", "a" * 65, "a b", "-a", "a\n", 'a"', "ä", "<x>"])
def test_any_other_is_replaced(given: str | None) -> None:
    assert uuid.UUID(request_id(given)).version == 7


def test_the_answer_carries_the_requests_id(database: None) -> None:
    response = Client(headers={"X-Request-ID": "bad id"}).get(URL)
    assert response.status_code == 401
    assert response.json()["instance"] == f"urn:qenex:request:{response['X-Request-ID']}"
    assert uuid.UUID(response["X-Request-ID"]).version == 7


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "address"),
    [
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (1, "192.0.2.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "192.0.2.1", "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "192.0.2.1", "203.0.113.9", "203.0.113.9"),
        (1, "192.0.2.1", "garbage", "192.0.2.1"),
        (1, "192.0.2.1", "", "192.0.2.1"),
        (0, "", "", None),
        (0, "2001:DB8::1", "", "2001:db8::1"),
    ],
)
def test_only_trusted_proxies_are_believed(
    settings: Any, trusted: int, remote: str, forwarded: str, address: str | None
) -> None:
    settings.TRUSTED_PROXIES = trusted
    assert client_address(remote, forwarded) == address


@pytest.mark.parametrize(
    ("trusted", "forwarded", "loopback"),
    [(0, "", True), (0, "6.6.6.6", False), (1, "6.6.6.6", False), (1, "::1", True)],
)
def test_a_proxy_on_this_machine_does_not_make_its_clients_local(
    settings: Any, trusted: int, forwarded: str, loopback: bool
) -> None:
    settings.TRUSTED_PROXIES = trusted
    assert is_loopback({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}) is loopback


def test_a_reason_lasts_for_its_block() -> None:
    with context.because("correction") as circumstances:
        assert context.current() == circumstances
        assert circumstances.reason == "correction"
    assert context.current().reason == ""


def test_signing_in_ends_with_the_enclosing_block() -> None:
    with context.acting(context.Context(actor="anonymous")):
        middleware.sign_in(User(id=7, username="anna"), "session")
        assert context.current() == context.Context(actor_id=7, actor="anna", method="session")
    assert context.current() == context.SYSTEM
