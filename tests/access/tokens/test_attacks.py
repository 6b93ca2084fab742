"""What attackers send instead of a token, or with one of ours that they have changed."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt import InvalidKeyError
from rest_framework_simplejwt.tokens import AccessToken

from qenex.access.tokens import Issued, TokenExpired, TokenInvalid, TokenRefused, bearer, family_start
from qenex.access.tokens.claims import MAX_LENGTH, Kind
from qenex.access.tokens.jose import read
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from qenex.vault import signing
from tests.access.tokens.conftest import WHO, Ask, code
from tests.support.forgery import b64, forge, hs256, ours, parts, unb64
from tests.support.marked import marked

INVALID = (401, "authentication_failed")


@pytest.fixture
def issued(person: User) -> Issued:
    """Both tokens of a sign-in."""
    return family_start(user=person, method="password")


def test_the_token_itself_is_accepted(issued: Issued, ask: Ask, person: User) -> None:
    assert code(ask(issued.access)) == (200, None)
    header, claims = parts(issued.access)
    assert bearer(forge(header, claims)).user == person  # so what follows is refused for what it changes


def _public(encoding: Encoding, form: PublicFormat) -> bytes:
    return signing.public_keys("tokens")[0].public.public_bytes(encoding, form)


def _nothing(text: bytes) -> bytes:
    return b""


def _hs256_keys() -> dict[str, bytes]:
    return {
        "pem": _public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": _public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "raw": _public(Encoding.Raw, PublicFormat.Raw),
        "x": signing.public_keys("tokens")[0].jwk()["x"].encode(),
        "empty": b"",
    }


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None])
def test_an_unsigned_token_is_refused(issued: Issued, ask: Ask, algorithm: str | None) -> None:
    header, claims = parts(issued.access)
    unsigned = forge(header | {"alg": algorithm}, claims, _nothing)
    for token in (unsigned, unsigned.removesuffix("."), unsigned + issued.access.rpartition(".")[2]):
        assert code(ask(token)) == INVALID
    assert code(ask(forge(header | {"alg": algorithm}, claims))) == INVALID


@pytest.mark.parametrize("name", ["pem", "der", "raw", "x", "empty"])
@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "EdDSA"])
def test_the_public_key_is_no_shared_secret(issued: Issued, ask: Ask, name: str, algorithm: str) -> None:
    header, claims = parts(issued.access)
    assert code(ask(forge(header | {"alg": algorithm}, claims, hs256(_hs256_keys()[name])))) == INVALID


def test_anothers_key_is_refused_whatever_it_calls_itself(issued: Issued, ask: Ask) -> None:
    header, claims = parts(issued.access)
    mine = Ed25519PrivateKey.generate()
    x = b64(mine.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x}
    for more in ({}, {"jwk": jwk}, {"jku": "https://evil.example/jwks"}, {"kid": x}, {"x5u": "https://evil.example"}):
        assert code(ask(forge(header | more, claims, mine.sign))) == INVALID


PATHS = ["../../../../dev/null", "/dev/null", "x' UNION SELECT '", "", "a" * 300, "\0", None, 7, ["a"], {"a": 1}]


@pytest.mark.parametrize("kid", PATHS, ids=str)
def test_a_kid_is_one_of_ours_or_nothing(issued: Issued, ask: Ask, kid: Any) -> None:
    header, claims = parts(issued.access)
    assert code(ask(forge(header | {"kid": kid}, claims, hs256(b"")))) == INVALID
    assert code(ask(forge(header | {"kid": kid}, claims))) == INVALID


def test_a_kid_of_another_purpose_is_unknown(issued: Issued, ask: Ask) -> None:
    header, claims = parts(issued.access)
    other = signing.signer("gateway")
    assert code(ask(forge(header | {"kid": other.kid}, claims, other.sign))) == INVALID
    assert code(ask(forge(header, claims, other.sign))) == INVALID


def test_the_packages_own_classes_have_no_key(person: User) -> None:
    with pytest.raises(InvalidKeyError):
        str(AccessToken.for_user(person))
    with pytest.raises(InvalidKeyError):
        AccessToken(forge({"alg": "EdDSA", "typ": "JWT"}, {}))  # type: ignore[arg-type]  # a text, as it is meant


HEADERS: list[dict[str, Any]] = [
    {"crit": ["exp"]},
    {"crit": []},
    {"crit": ["b64"], "b64": False},
    {"b64": True},
    {"zip": "DEF"},
    {"cty": "JWT"},
    {"typ": "JWT"},
    {"typ": "AT+JWT"},
    {"typ": "application/at+jwt"},
    {"typ": None},
    {"alg": "ES256"},
    {"alg": "eddsa"},
]


@pytest.mark.parametrize("change", HEADERS, ids=str)
def test_a_header_says_what_ours_say_and_nothing_else(issued: Issued, ask: Ask, change: dict[str, Any]) -> None:
    header, claims = parts(issued.access)
    assert code(ask(forge(header | change, claims))) == INVALID


@pytest.mark.parametrize("name", ["typ", "kid", "alg"])
def test_a_header_says_all_that_ours_say(issued: Issued, ask: Ask, name: str) -> None:
    header, claims = parts(issued.access)
    assert code(ask(forge({key: value for key, value in header.items() if key != name}, claims))) == INVALID


CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://evil.example"},
    {"iss": "QENEX"},
    {"iss": ["qenex"]},
    {"aud": "another"},
    {"aud": ["qenex-api", "another"]},
    {"aud": "qenex"},
    {"aud": ""},
    {"aud": None},
    {"sub": ""},
    {"sub": "-1"},
    {"sub": "1 OR 1=1"},
    {"sub": "\u0661"},
    {"sub": 7},
    {"sub": "9" * 19},
    {"sid": "x"},
    {"sid": 7},
    {"sid": None},
    {"jti": []},
    {"token_type": "refresh"},
    {"token_type": "Access"},
    {"token_type": ["access"]},
    {"token_type": None},
    {"exp": "9999999999"},
    {"exp": 9999999999.5},
    {"exp": True},
    {"exp": None},
    {"exp": 10**30},
    {"iat": -1},
    {"nbf": 2**33 - 1},
    {"iat": 2**33 - 1},
    {"scope": "everything"},
    {"acr": "urn:qenex:acr:operator"},
    {"acr": "1"},
    {"acr": None},
    {"acr": ["urn:qenex:acr:two-factors"]},
    {"amr": ["pwd"]},
    {"amr": []},
    {"amr": "pwd otp mfa"},
    {"auth_time": 2**33 - 1},
    {"auth_time": "0"},
]


@pytest.mark.parametrize("change", CLAIMS, ids=str)
def test_claims_that_are_not_as_we_write_them(issued: Issued, ask: Ask, change: dict[str, Any]) -> None:
    header, claims = parts(issued.access)
    assert code(ask(forge(header, claims | change))) == INVALID


NAMED = ["iss", "aud", "sub", "sid", "jti", "token_type", "iat", "nbf", "exp", "auth_time", "acr", "amr"]


@pytest.mark.parametrize("name", NAMED)
def test_a_missing_claim(issued: Issued, ask: Ask, name: str) -> None:
    header, claims = parts(issued.access)
    assert code(ask(forge(header, {key: value for key, value in claims.items() if key != name}))) == INVALID


@pytest.mark.parametrize("claims", [None, [], 5, "x", {}], ids=str)
def test_a_payload_that_is_no_set_of_claims(issued: Issued, ask: Ask, claims: Any) -> None:
    assert code(ask(forge(parts(issued.access)[0], claims))) == INVALID


def test_a_payload_that_is_no_json(issued: Issued, ask: Ask) -> None:
    text = f"{issued.access.partition('.')[0]}.{b64(bytes([255, 0]))}"
    assert code(ask(f"{text}.{b64(ours(text.encode()))}")) == INVALID


def test_it_expires_to_the_second(issued: Issued, ask: Ask) -> None:
    expires = read(issued.access, Kind.ACCESS).expires
    with clock.frozen(expires - timedelta(microseconds=1)):
        assert code(ask(issued.access)) == (200, None)
    with clock.frozen(expires):
        answer = ask(issued.access)
    assert code(answer) == (401, "token_expired")
    challenge = 'Bearer error="invalid_token", error_description="The token has expired."'
    assert answer["WWW-Authenticate"] == challenge


def test_it_lives_for_fifteen_minutes(issued: Issued) -> None:
    claims = parts(issued.access)[1]
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert claims["nbf"] == claims["iat"]


def test_it_is_not_valid_before_its_time_but_for_the_clocks_of_our_machines(issued: Issued, ask: Ask) -> None:
    began = read(issued.access, Kind.ACCESS).issued
    with clock.frozen(began - timedelta(seconds=6)):
        assert code(ask(issued.access)) == INVALID
    with clock.frozen(began - timedelta(seconds=5)):
        assert code(ask(issued.access)) == (200, None)


def test_a_refresh_token_opens_nothing_and_an_access_token_refreshes_nothing(issued: Issued, ask: Ask) -> None:
    assert issued.refresh is not None
    assert code(ask(issued.refresh)) == INVALID
    answer = Client().post("/api/v1/auth/refresh", {"refresh": issued.access}, "application/json")
    assert code(answer) == INVALID
    header, claims = parts(issued.refresh)
    assert code(ask(forge(header | {"typ": "at+jwt"}, claims))) == INVALID  # the audience differs too
    header, claims = parts(issued.access)
    swapped = forge(header | {"typ": "refresh+jwt"}, claims)
    assert code(Client().post("/api/v1/auth/refresh", {"refresh": swapped}, "application/json")) == INVALID


def test_a_token_for_another_user_of_the_same_family(issued: Issued, ask: Ask) -> None:
    with marked():
        root = User.objects.create(username=f"u{uuid7().hex}", is_superuser=True)
    header, claims = parts(issued.access)
    assert code(ask(forge(header, claims | {"sub": str(root.pk)}))) == INVALID


def test_a_family_that_never_was(issued: Issued, ask: Ask) -> None:
    header, claims = parts(issued.access)
    assert code(ask(forge(header, claims | {"sid": str(uuid7())}))) == INVALID


def test_a_changed_payload_keeps_no_signature(issued: Issued, ask: Ask) -> None:
    header, _, signature = issued.access.split(".")
    claims = parts(issued.access)[1]
    payload = forge({}, claims | {"exp": claims["exp"] + 1}, _nothing).split(".")[1]
    assert code(ask(f"{header}.{payload}.{signature}")) == INVALID


def test_a_token_has_one_spelling(issued: Issued) -> None:
    """The last character of a signature holds four bits that say nothing; a lenient decoder takes any of them."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    signature = issued.access.rpartition(".")[2]
    same = [each for each in alphabet if unb64(signature[:-1] + each) == unb64(signature)]
    assert len(same) == 16
    for each in set(same) - {signature[-1]}:
        with pytest.raises(TokenInvalid):
            bearer(issued.access[:-1] + each)
    for padded in (
        issued.access + "=",
        issued.access + "\n",
        " " + issued.access,
        issued.access.replace(".", ".\n", 1),
    ):
        with pytest.raises(TokenInvalid):
            bearer(padded)


def test_what_is_cut_or_lengthened_is_refused(issued: Issued) -> None:
    for length in range(0, len(issued.access), 7):
        with pytest.raises(TokenInvalid):
            bearer(issued.access[:length])
    for more in (".", ".a", "A", issued.access):
        with pytest.raises(TokenInvalid):
            bearer(issued.access + more)
    with pytest.raises(TokenInvalid):
        bearer("a" * (MAX_LENGTH + 1))


def test_each_flipped_bit_of_a_token_is_refused(issued: Issued) -> None:
    raw = issued.access.encode()
    for index in range(len(raw)):
        changed = raw[:index] + bytes([raw[index] ^ 1]) + raw[index + 1 :]
        with pytest.raises(TokenInvalid):
            bearer(changed.decode())


def test_what_is_not_ours_costs_no_query(issued: Issued) -> None:
    header, claims = parts(issued.access)
    wrong = [forge(header | {"alg": "none"}, claims), forge(header, claims, lambda text: bytes(64)), "x", ""]
    with CaptureQueriesContext(connections["default"]) as queries:
        for token in wrong:
            with pytest.raises(TokenInvalid):
                bearer(token)
    assert len(queries) == 0


@pytest.mark.parametrize("kind", list(Kind))
@given(
    st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1")), st.from_regex(r"\A[\w-]+\.[\w-]+\.[\w-]*"))
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_refused_and_breaks_nothing(issued: Issued, kind: Kind, text: str) -> None:
    with pytest.raises(TokenRefused):
        read(text, kind)


@given(
    header=st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
    claims=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["exp", "sub", "sid", "aud", "x"]), inner)
        ),
        max_leaves=8,
    ),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_and_claims_with_our_signature_are_refused_unless_they_are_ours(
    issued: Issued, header: dict[str, Any], claims: Any
) -> None:
    real, mine = parts(issued.access)
    for token in (forge(header, mine), forge(real, claims), forge(real | header, claims)):
        with pytest.raises(TokenRefused):
            read(token, Kind.ACCESS)


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_the_header_the_answer_is_no_500(issued: Issued, raw: bytes) -> None:
    for scheme in ("Bearer ", "bearer ", "BEARER", ""):
        client = Client(raise_request_exception=False, HTTP_AUTHORIZATION=scheme + raw.decode("latin-1"))
        answer = client.get(WHO, {"limit": 1})
        assert answer.status_code == 401, answer.content
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token_with_a_wrong_signature_is_just_invalid(issued: Issued) -> None:
    header, claims = parts(issued.access)
    with pytest.raises(TokenInvalid):
        bearer(forge(header, claims | {"exp": claims["iat"]}, lambda text: bytes(64)))
    with pytest.raises(TokenExpired):
        bearer(forge(header, claims | {"exp": claims["iat"]}))
