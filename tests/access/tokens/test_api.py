"""The routes of tokens over HTTP."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.access.models import TokenFamily
from qenex.access.tokens import Issued, family_start
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from qenex.vault import signing
from qenex.vault.providers.file import FileProvider
from tests.access.tokens.conftest import WHO, Ask, code
from tests.kernel.conftest import make_user
from tests.support.forgery import forge, parts
from tests.support.vault import forget, own_database

AUTH = "/api/v1/auth"


@pytest.fixture
def issued(person: User) -> Issued:
    """Both tokens of a sign-in."""
    return family_start(user=person, method="password")


def send(path: str, body: Any, token: str | None = None) -> Any:
    """POST."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    text = body if isinstance(body, str) else json.dumps(body)
    return Client(enforce_csrf_checks=True).post(f"{AUTH}/{path}", text, "application/json", headers=headers)


def test_refreshing(issued: Issued, ask: Ask) -> None:
    answer = send("refresh", {"refresh": issued.refresh})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert sorted(tokens) == ["access", "expires_in", "refresh", "token_type"]
    assert tokens["token_type"] == "Bearer"
    assert 895 <= tokens["expires_in"] <= 900
    assert code(ask(tokens["access"])) == (200, None)
    reused = send("refresh", {"refresh": issued.refresh})
    assert code(reused) == (401, "token_reused")
    assert 'error="invalid_token"' in reused["WWW-Authenticate"]
    assert code(ask(tokens["access"])) == (401, "authentication_failed")
    assert code(send("refresh", {"refresh": tokens["refresh"]})) == (401, "authentication_failed")


def test_refreshing_needs_no_access_token_and_minds_none(issued: Issued) -> None:
    assert send("refresh", {"refresh": issued.refresh}, token="x").status_code == 200


def test_an_old_refresh_token_has_expired(issued: Issued) -> None:
    with clock.frozen(clock.now() + timedelta(hours=8, seconds=1)):
        assert code(send("refresh", {"refresh": issued.refresh})) == (401, "token_expired")


@pytest.mark.parametrize("body", ["{}", "[]", '{"refresh": 7}', '{"refresh": ""}', '{"refresh": "x", "a": 1}', "null"])
def test_bodies_that_are_not_as_described(database: None, body: str) -> None:
    assert code(send("refresh", body)) == (400, "invalid")


@pytest.mark.parametrize("token", ["x", "\u20ac" * 40, "a.b.c", "." * 2_000])
def test_refresh_tokens_that_are_none(database: None, token: str) -> None:
    assert code(send("refresh", {"refresh": token})) in {(401, "authentication_failed"), (400, "invalid")}


def test_signing_out_by_refresh_token(issued: Issued, ask: Ask) -> None:
    answer = send("revoke", {"refresh": issued.refresh})
    assert (answer.status_code, answer.content) == (204, b"")
    assert code(ask(issued.access)) == (401, "authentication_failed")
    family = TokenFamily.objects.get(pk=issued.family)
    assert (family.ended_reason, family.refresh_hash) == ("signed_out", None)
    assert send("revoke", {"refresh": issued.refresh}).status_code == 204
    assert TokenFamily.objects.get(pk=issued.family).ended_at == family.ended_at


def test_signing_out_by_access_token(issued: Issued, person: User, ask: Ask) -> None:
    other = family_start(user=person, method="password")
    assert send("revoke", {}, issued.access).status_code == 204
    assert code(ask(issued.access)) == (401, "authentication_failed")
    assert code(ask(other.access)) == (200, None)
    assert code(send("refresh", {"refresh": issued.refresh})) == (401, "authentication_failed")
    assert code(send("revoke", {}, issued.access)) == (401, "authentication_failed")


def test_signing_out_needs_some_token(issued: Issued) -> None:
    answer = send("revoke", {})
    assert (code(answer), answer["WWW-Authenticate"]) == ((401, "not_authenticated"), "Bearer")


def test_a_strange_refresh_token_is_answered_alike_and_ends_nothing(issued: Issued, ask: Ask) -> None:
    assert issued.refresh is not None
    header, claims = parts(issued.refresh)
    for token in ("x", issued.access, forge(header, claims, lambda text: bytes(64))):
        assert send("revoke", {"refresh": token}).status_code == 204
    assert code(ask(issued.access)) == (200, None)


def test_the_actor_of_a_bearers_command_is_its_user(issued: Issued, person: User) -> None:
    send("revoke", {}, issued.access)
    reader = family_start(user=person, method="password").access
    answer = Client(headers={"Authorization": f"Bearer {reader}"}).get(
        WHO, {"subject": str(person.pk), "type": "access.token.ended"}
    )
    [event] = answer.json()["results"]
    who = {"address": None, "id": person.pk, "method": "jwt", "name": person.username}
    assert event["actor"] == {**who, "key_id": str(issued.family), "on_behalf_of": None}


def test_others_verify_our_tokens_with_the_published_keys(issued: Issued) -> None:
    answer = Client().get(f"{AUTH}/jwks")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "public, max-age=300")
    keys = jwt.PyJWKSet.from_dict(answer.json())
    key = keys[jwt.get_unverified_header(issued.access)["kid"]]
    options: Any = {"require": ["exp", "iat", "nbf", "sub", "sid", "jti"]}
    claims = jwt.decode(issued.access, key, ["EdDSA"], options, audience="qenex-api", issuer="qenex")
    assert claims["sid"] == str(issued.family)
    assert not any(name in member for member in answer.json()["keys"] for name in ("d", "k", "p", "q"))


def test_who_has_the_keys_is_told_so(database: None) -> None:
    tag = Client().get(f"{AUTH}/jwks")["ETag"]
    for known in (tag, f"W/{tag}", "*", f'"x", {tag}'):
        answer = Client().get(f"{AUTH}/jwks", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    assert Client().get(f"{AUTH}/jwks", headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.fixture
def own(database: None, tmp_path: Any, settings: Any) -> Any:
    """A database and keys of the test's own."""
    forget()
    settings.KEY_PROVIDER, settings.KEY_DIR = "file", tmp_path / "keys"
    with own_database():
        yield
    forget()


def _kids() -> list[str]:
    return [key["kid"] for key in Client().get(f"{AUTH}/jwks").json()["keys"]]


def _kid(issued: Issued) -> str:
    kid: str = parts(issued.access)[0]["kid"]
    return kid


def test_a_new_key_takes_over_without_anybody_noticing(own: None, ask: Ask) -> None:
    person = make_user("kernel.view_event")
    now = clock.now()
    old = family_start(user=person, method="password")
    before = Client().get(f"{AUTH}/jwks")["ETag"]
    key = signing.rollover("tokens")
    assert _kids() == [key.kid, _kid(old)]  # published before it is used
    assert Client().get(f"{AUTH}/jwks", headers={"If-None-Match": before}).status_code == 200
    with clock.frozen(now + timedelta(minutes=14)):
        last = family_start(user=person, method="password")
        assert _kid(last) == _kid(old)
    with clock.frozen(now + timedelta(minutes=16)):
        new = family_start(user=person, method="password")
        assert _kid(new) == key.kid
        assert [code(ask(each.access)) for each in (last, new)] == [(200, None)] * 2
    with clock.frozen(now + timedelta(minutes=29) - timedelta(seconds=1)):
        assert code(ask(last.access)) == (200, None)
    with clock.frozen(now + timedelta(hours=7)):  # a refresh token of the old key, used for the first time
        assert send("refresh", {"refresh": old.refresh}).status_code == 200
    with clock.frozen(now + timedelta(days=3)):
        assert _kids() == [key.kid]


def test_what_a_compromised_key_signed_is_refused_at_once(own: None, ask: Ask) -> None:
    old = family_start(user=make_user("kernel.view_event"), method="password")
    key = signing.rollover("tokens", compromised=True)
    assert code(ask(old.access)) == (401, "authentication_failed")
    assert code(send("refresh", {"refresh": old.refresh})) == (401, "authentication_failed")
    assert _kids() == [key.kid]


def test_where_there_is_no_ed25519_tokens_are_signed_with_p256(
    own: None, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileProvider, "algorithms", lambda self: ["ES256"])
    issued = family_start(user=make_user("kernel.view_event"), method="password")
    header, claims = parts(issued.access)
    assert header["alg"] == "ES256"
    assert code(ask(issued.access)) == (200, None)
    assert code(ask(forge(header | {"alg": "EdDSA"}, claims))) == (401, "authentication_failed")
    key = jwt.PyJWKSet.from_dict(Client().get(f"{AUTH}/jwks").json())[header["kid"]]
    assert jwt.decode(issued.access, key, ["ES256"], audience="qenex-api")["sub"] == claims["sub"]


def test_too_many_requests_of_an_address_wait(database: None, settings: Any) -> None:
    settings.AUTH_RATE = "3/min"
    here = f"2001:db8::{uuid7().int & 0xFFFF:x}"
    client = Client(REMOTE_ADDR=here)

    def refresh(who: Client) -> Any:
        return who.post(f"{AUTH}/refresh", {"refresh": "x"}, "application/json")

    assert [code(refresh(client))[0] for _ in range(4)] == [401, 401, 401, 429]
    answer = client.post(f"{AUTH}/token", {"username": "x", "password": "x"}, "application/json")
    assert code(answer) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert client.get(f"{AUTH}/jwks").status_code == 200
    assert code(refresh(Client(REMOTE_ADDR="192.0.2.99")))[0] == 401


def test_without_redis_requests_go_on(database: None, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "unix:///nowhere/redis.sock"}}
    settings.AUTH_RATE = "1/min"
    assert [code(send("refresh", {"refresh": "x"})) for _ in range(2)] == [(401, "authentication_failed")] * 2
    assert "requests are not counted" in caplog.text
