"""Signatures of messages: what RFC 9421 publishes verifies, and nothing else does."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from qenex.access import signatures
from qenex.access.signatures import (
    DigestInvalid,
    NonceReused,
    SignatureError,
    SignatureExpired,
    SignatureIncomplete,
    SignatureInvalid,
    SignatureMalformed,
    SignatureMissing,
    sign,
    verify,
)

VECTORS = json.loads((Path(__file__).parent / "signature_vectors.json").read_text())
HMAC, ED25519, DIGEST = (VECTORS[name] for name in ("B.2.5_hmac_sha256", "B.2.6_ed25519", "content_digest_rfc9530"))
SECRET = b64decode(HMAC["secret_b64"])
RFC: dict[str, Any] = {
    "method": VECTORS["request"]["method"],
    "url": f"https://{VECTORS['request']['host']}{VECTORS['request']['target']}",
    "headers": VECTORS["request"]["headers"],
}

KEY = bytes(range(32))
NOW = 1_790_000_000
BODY = b'{"amount":"1.00"}'
URL = "https://bank.example/api/v1/transfers?book=main"
COMPONENTS = ("@method", "@target-uri", "content-digest")
POLICY: dict[str, Any] = {
    "algorithms": ("hmac-sha256",),
    "required": COMPONENTS,
    "required_parameters": ("created", "keyid", "nonce"),
    "max_age": 300,
    "now": NOW,
}


def signed(**changes: Any) -> dict[str, Any]:
    """The arguments for `verify` of a request in order, signed with these changes."""
    message: dict[str, Any] = {"method": "POST", "url": URL, "body": BODY} | {
        name: changes.pop(name) for name in ("method", "url", "body") if name in changes
    }
    how: dict[str, Any] = {
        "components": COMPONENTS,
        "key": KEY,
        "key_id": "qk_1",
        "created": NOW,
        "nonce": "n1",
    } | changes
    return message | {"headers": dict(sign(**message, **how).headers)}


def check(request: dict[str, Any], **policy: Any) -> signatures.Verified:
    return verify(**request, key=lambda key_id: KEY if key_id == "qk_1" else None, **POLICY | policy)


def with_signature(vector: dict[str, str], signature_input: str, signature: str) -> dict[str, Any]:
    return RFC | {"headers": RFC["headers"] | {"Signature-Input": signature_input, "Signature": signature}}


def test_the_hmac_of_the_rfc_is_reproduced_and_verified() -> None:
    made = sign(
        **RFC,
        components=["date", "@authority", "content-type"],
        key=SECRET,
        key_id="test-shared-secret",
        created=1618884473,
        label="sig-b25",
    )
    assert made.base.decode() == HMAC["signature_base"]
    assert (made.signature_input, made.signature) == (HMAC["signature_input"], HMAC["signature"])
    found = verify(**with_signature(HMAC, HMAC["signature_input"], HMAC["signature"]), key=SECRET)
    assert (found.algorithm, found.key_id, found.created) == ("hmac-sha256", "test-shared-secret", 1618884473)


def test_the_ed25519_signature_of_the_rfc_is_verified() -> None:
    key = Ed25519PublicKey.from_public_bytes(b64decode(ED25519["public_key_b64"]))
    parameters = ED25519["signature_base"].rpartition('"@signature-params": ')[2]
    request = with_signature(ED25519, f"sig-b26={parameters}", f"sig-b26=:{ED25519['signature']}:")
    assert verify(**request, key=key).base.decode() == ED25519["signature_base"]


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
def test_the_digests_of_the_rfc_are_reproduced_and_checked(algorithm: str) -> None:
    body = DIGEST["body"].encode()
    field = signatures.content_digest(body, algorithm)
    assert field == f"{algorithm}=:{DIGEST[algorithm]}:"
    signatures.check_digest(field, body)
    with pytest.raises(DigestInvalid):
        signatures.check_digest(field, body + b" ")


def test_a_request_in_order_is_accepted_and_tells_what_was_signed() -> None:
    found = check(signed())
    assert (found.key_id, found.nonce, found.created, found.components) == ("qk_1", "n1", NOW, COMPONENTS)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"url": URL.replace("transfers", "journals")},
        {"url": URL.replace("bank", "bunk")},
        {"url": URL.replace("https", "http")},
        {"url": URL.replace("main", "other")},
        {"url": URL.removesuffix("?book=main")},
        {"url": URL + "&x=1"},
    ],
)
def test_a_signature_of_another_request_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        check(signed() | change)


def test_another_body_is_refused() -> None:
    for body in (b"", BODY[:-1], BODY + b" ", BODY.replace(b"1", b"9")):
        with pytest.raises(DigestInvalid):
            check(signed() | {"body": body}, required=())
    request = signed()
    request["headers"]["Content-Digest"] = signatures.content_digest(b"x")
    with pytest.raises(SignatureInvalid):
        check(request | {"body": b"x"})


@pytest.mark.parametrize(
    ("at", "accepted"), [(NOW, True), (NOW - 60, True), (NOW - 61, False), (NOW + 300, True), (NOW + 301, False)]
)
def test_a_signature_lives_five_minutes_and_a_clock_may_be_a_minute_fast(at: int, accepted: bool) -> None:
    if accepted:
        assert check(signed(), now=at).created == NOW
        return
    with pytest.raises(SignatureExpired):
        check(signed(), now=at)


def test_what_says_that_it_is_over_is_over() -> None:
    assert check(signed(expires=NOW + 10), now=NOW + 9).expires == NOW + 10
    with pytest.raises(SignatureExpired):
        check(signed(expires=NOW + 10), now=NOW + 10)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"components": ["@target-uri", "content-digest"]}, ("@method",)),
        ({"components": ["@method", "content-digest"]}, ("@target-uri",)),
        ({"components": ["@method", "@target-uri"]}, ("content-digest",)),
        ({"components": []}, COMPONENTS),
        ({"nonce": None}, ("nonce",)),
        ({"created": None}, ("created",)),
        ({"key_id": None}, ("keyid",)),
    ],
)
def test_what_must_be_signed_and_is_not_is_named(change: dict[str, Any], missing: tuple[str, ...]) -> None:
    with pytest.raises(SignatureIncomplete) as refused:
        check(signed(**change))
    assert refused.value.missing == missing


def test_a_request_without_a_body_needs_no_digest() -> None:
    request = signed(method="GET", body=b"", components=["@method", "@target-uri"])
    assert check(request).components == ("@method", "@target-uri")


def test_a_nonce_is_asked_for_last_and_once() -> None:
    seen: set[str | None] = set()

    def fresh(found: signatures.Verified) -> bool:
        new = found.nonce not in seen
        seen.add(found.nonce)
        return new

    with pytest.raises(SignatureInvalid):
        check(signed(key=b"another"), fresh=fresh)
    assert seen == set()
    check(signed(), fresh=fresh)
    with pytest.raises(NonceReused):
        check(signed(), fresh=fresh)


def test_an_unknown_key_a_wrong_one_and_a_cut_signature_are_refused_alike() -> None:
    cut = signed()
    cut["headers"]["Signature"] = "sig1=:" + cut["headers"]["Signature"].partition(":")[2][:20] + ":"
    texts = set()
    for request in (signed(key_id="qk_2"), signed(key=b"another"), cut):
        with pytest.raises(SignatureInvalid) as refused:
            check(request)
        texts.add(str(refused.value))
    assert len(texts) == 1


def test_components_in_another_order_are_another_signature() -> None:
    request = signed()
    request["headers"]["Signature-Input"] = request["headers"]["Signature-Input"].replace(
        '"@method" "@target-uri"', '"@target-uri" "@method"'
    )
    with pytest.raises(SignatureInvalid):
        check(request)


def test_algorithms_are_told_by_the_key_and_never_by_the_message() -> None:
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes_raw()
    request = signed(key=raw, name_algorithm=True)  # the public key taken for a secret
    with pytest.raises(SignatureInvalid):
        verify(**request, key=private.public_key())
    request = signed(key=private, name_algorithm=True)
    assert verify(**request, key=private.public_key()).algorithm == "ed25519"
    with pytest.raises(SignatureMalformed, match="hmac-sha256"):
        check(request)
    with pytest.raises(SignatureInvalid):  # nameless, but of an algorithm that is not allowed
        verify(**signed(key=private), key=private.public_key(), algorithms=("hmac-sha256",))


@pytest.mark.parametrize("alg", ["none", "HMAC-SHA256", "hmac-sha512", "rsa-pss-sha512", ""])
def test_an_algorithm_that_is_not_served_is_refused(alg: str) -> None:
    request = signed()
    request["headers"]["Signature-Input"] += f';alg="{alg}"'
    with pytest.raises(SignatureMalformed):
        check(request)


def test_of_several_signatures_one_must_be_named() -> None:
    one, two = signed(), signed(label="sig2", nonce="n2")
    both = {name: f"{one['headers'][name]}, {two['headers'][name]}" for name in ("Signature-Input", "Signature")}
    request = one | {"headers": one["headers"] | both}
    with pytest.raises(SignatureMalformed, match="exactly one"):
        check(request)
    assert check(request, label="sig2").nonce == "n2"
    with pytest.raises(SignatureMissing):
        check(request, label="sig3")


@pytest.mark.parametrize("name", ["Signature-Input", "Signature"])
def test_half_a_signature_is_none(name: str) -> None:
    request = signed()
    del request["headers"][name]
    with pytest.raises(SignatureMissing):
        check(request)


def test_a_field_that_is_sent_twice_is_signed_as_both() -> None:
    request = signed()
    pairs = list(request["headers"].items())
    twice = [*pairs, ("Content-Digest", request["headers"]["Content-Digest"])]
    with pytest.raises(SignatureError):
        check(request | {"headers": twice})
    for name in ("Signature", "Signature-Input"):
        with pytest.raises(SignatureMalformed):
            check(request | {"headers": [*pairs, (name, request["headers"][name])]})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ('sig1=("@method" "@method");created=1', "covered twice"),
        ('sig1=("@query-param");created=1', "has no"),
        ('sig1=("x-nowhere");created=1', "has no"),
        ('sig1=("Date");created=1', "lower case"),
        ("sig1=(date);created=1", "quoted string"),
        ('sig1=("@method");created="now"', "another type"),
        ('sig1=("@method");created=1.5', "another type"),
        ('sig1="@method";created=1', "parentheses"),
        ('sig1=("@method" "@path";req);created=1', "has no"),
        ('sig1=("@method"', "cannot be read"),
        ('sig1=("@method");created=1, sig1=()', "cannot be read"),
        ('SIG1=("@method")', "cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_told(given: str, meant: str) -> None:
    request = signed()
    request["headers"]["Signature-Input"] = given
    with pytest.raises(SignatureMalformed, match=meant):
        verify(**request, key=KEY)


def test_a_parameter_of_the_query_a_member_of_a_dictionary_and_raw_bytes_can_be_signed() -> None:
    components = ['"@query-param";name="book"', '"x-list";bs', '"x-map";key="b"', '"content-digest";sf']
    request: dict[str, Any] = {"method": "POST", "url": URL, "body": BODY}
    headers = {"X-List": "a, b", "X-Map": "a=1, b=2;c", "Content-Digest": signatures.content_digest(BODY)}
    made = sign(**request, headers=headers, components=components, key=KEY)
    assert made.base.decode().splitlines()[:3] == [
        '"@query-param";name="book": main',
        '"x-list";bs: :YSwgYg==:',
        '"x-map";key="b": 2;c',
    ]
    sent = headers | dict(made.headers)
    assert verify(**request, headers=sent | {"X-Map": "b=2;c,  a=7"}, key=KEY).components == tuple(components)
    with pytest.raises(SignatureInvalid):
        verify(**request, headers=sent | {"X-Map": "a=1, b=3;c"}, key=KEY)


def test_a_response_is_signed_with_what_it_answers() -> None:
    answer: dict[str, Any] = {"method": "POST", "url": URL, "status": 201, "body": BODY}
    components = ["@status", "content-digest", '"@method";req', '"@path";req']
    made = sign(**answer, components=components, key=KEY)
    assert made.base.decode().splitlines()[0] == '"@status": 201'
    assert verify(**answer, headers=made.headers, key=KEY).components == tuple(components)
    with pytest.raises(SignatureInvalid):
        verify(**answer | {"status": 200}, headers=made.headers, key=KEY)
    with pytest.raises(SignatureMalformed, match="has no"):
        sign(**answer, components=["@method"], key=KEY)


@given(st.text(), st.text(), st.text(), st.binary(max_size=50))
def test_whatever_is_sent_only_a_signature_error_is_raised(
    given: str, signature: str, digest: str, body: bytes
) -> None:
    headers = {"Signature-Input": given, "Signature": signature, "Content-Digest": digest}
    with pytest.raises(SignatureError):
        verify(method="POST", url=URL, headers=headers, body=body, key=KEY)


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "sig1",
            "=",
            "(",
            ")",
            '"@method"',
            '"content-digest"',
            ";",
            "created",
            "1",
            "keyid",
            '"a"',
            ",",
            " ",
            ":",
            "YQ==",
            "?1",
            "-",
            ".",
            "\\",
            "\t",
        ]
    )
).map("".join)


@given(FRAGMENTS, FRAGMENTS)
def test_nothing_put_together_of_the_grammars_pieces_is_taken_for_a_signature(given: str, signature: str) -> None:
    with pytest.raises(SignatureError):
        verify(method="GET", url=URL, headers={"Signature-Input": given, "Signature": signature}, key=KEY)


@given(st.data())
def test_no_flipped_bit_of_a_request_verifies(data: st.DataObject) -> None:
    request = signed()
    name = data.draw(st.sampled_from(["url", "body", "Signature", "Signature-Input", "Content-Digest"]))
    of = request["headers"] if name in request["headers"] else request
    raw = bytearray(of[name] if isinstance(of[name], bytes) else of[name].encode())
    position = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[position // 8] ^= 1 << position % 8
    of[name] = bytes(raw) if name == "body" else raw.decode("latin-1")
    with pytest.raises(SignatureError):
        check(request)


@given(st.text("abcXYZ019-._~ ", min_size=1, max_size=30), st.binary(max_size=200), st.integers(0, 999_999_999_999_999))
def test_whatever_is_signed_is_verified(nonce: str, body: bytes, created: int) -> None:
    request = signed(nonce=nonce, body=body, created=created)
    found = check(request, max_age=None)
    assert (found.nonce, found.created) == (nonce, created)
