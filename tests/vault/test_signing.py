"""Signing keys: published before they sign, and for as long as their signatures count."""

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.db import IntegrityError, connection, transaction

from qenex.kernel import clock
from qenex.kernel.models import Event
from qenex.vault import publickeys, rollover, signing
from qenex.vault.errors import RolloverPending, Tampered
from qenex.vault.models import SigningKey
from qenex.vault.providers.file import FileProvider
from tests.support.marked import marked
from tests.support.threads import together
from tests.support.vault import forget

pytestmark = pytest.mark.usefixtures("place")
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def states(purpose: str) -> list[str]:
    return [row.state.value for row in SigningKey.objects.filter(purpose=purpose).order_by("version")]


def test_the_first_signature_makes_the_key_and_later_ones_use_it() -> None:
    first, second = signing.sign("tokens", b"data"), signing.sign("tokens", b"data")
    [key] = signing.public_keys("tokens")
    assert (first.algorithm, first.kid, second.kid, len(first.signature)) == ("EdDSA", key.kid, key.kid, 64)
    assert [key.verify(b"data", first.signature), key.verify(b"Data", first.signature)] == [True, False]
    assert key.verify(b"data", first.signature[:-1]) is False
    assert isinstance(key.public, Ed25519PublicKey)
    [event] = Event.objects.filter(type="vault.signing_key.made")
    assert event.subject_id == key.kid
    assert json.loads(bytes(event.body))["data"]["version"] == 1


def test_a_new_process_signs_with_the_same_key_and_purposes_have_their_own() -> None:
    before = signing.signer("tokens").kid
    forget()
    assert signing.signer("tokens").kid == before
    assert signing.signer("checkpoints").kid != before


def test_nothing_is_signed_for_an_unknown_purpose() -> None:
    for act in (lambda: signing.sign("tokkens", b""), lambda: signing.public_keys(""), lambda: signing.rollover("x")):
        with pytest.raises(ValueError, match="there are checkpoints, gateway, tokens"):
            act()
    assert SigningKey.objects.count() == 0


def test_a_next_key_is_published_then_signs_and_the_old_one_stays_until_its_signatures_expire() -> None:
    with clock.frozen(START):
        old = signing.sign("tokens", b"data")
        following = signing.rollover("tokens")
        assert [key.kid for key in signing.public_keys("tokens")] == [following.kid, old.kid]
        assert (signing.signer("tokens").kid, states("tokens")) == (old.kid, ["active", "next"])
    with clock.frozen(START + timedelta(minutes=15)):
        assert (signing.signer("tokens").kid, states("tokens")) == (following.kid, ["retired", "active"])
        assert [key.verify(b"data", old.signature) for key in signing.public_keys("tokens")] == [False, True]
    with clock.frozen(START + timedelta(minutes=15, days=2, seconds=-1)):
        assert len(signing.public_keys("tokens")) == 2
    with clock.frozen(START + timedelta(minutes=15, days=2)):
        assert [key.kid for key in signing.public_keys("tokens")] == [following.kid]
        assert states("tokens") == ["ended", "active"]


def test_checkpoints_stay_verifiable_for_ever() -> None:
    with clock.frozen(START):
        old = signing.signer("checkpoints").kid
        signing.rollover("checkpoints")
    with clock.frozen(START + timedelta(days=36_500)):
        assert [key.not_after for key in signing.public_keys("checkpoints")] == [None, None]
        assert old in {key.kid for key in signing.public_keys("checkpoints")}


def test_a_second_rollover_is_refused_while_a_next_key_waits() -> None:
    with clock.frozen(START):
        signing.signer("tokens")
        signing.rollover("tokens")
        with pytest.raises(RolloverPending, match="signs from 2026-11-23 12:15:00 UTC"):
            signing.rollover("tokens")
        assert SigningKey.objects.count() == 2
    with clock.frozen(START + timedelta(minutes=15)):
        signing.rollover("tokens")
        assert states("tokens") == ["retired", "active", "next"]


def test_a_compromised_key_and_its_next_are_published_no_more_and_a_new_one_signs_at_once() -> None:
    with clock.frozen(START):
        signing.signer("tokens")
        signing.rollover("tokens")
        new = signing.rollover("tokens", compromised=True)
        assert [key.kid for key in signing.public_keys("tokens")] == [new.kid]
        assert (signing.signer("tokens").kid, states("tokens")) == (new.kid, ["ended", "ended", "active"])


def test_threads_that_race_for_the_first_key_get_the_same() -> None:
    assert len({*together(4, lambda _: signing.signer("gateway").kid)}) == 1
    assert SigningKey.objects.filter(purpose="gateway").count() == 1


def test_threads_that_roll_over_at_once_make_one_next_key() -> None:
    signing.signer("tokens")

    def roll(_: int) -> str:
        try:
            return signing.rollover("tokens").kid
        except RolloverPending:
            return "pending"

    assert sorted(answer == "pending" for answer in together(3, roll)) == [False, True, True]
    assert SigningKey.objects.filter(purpose="tokens").count() == 2


def test_es256_signs_as_json_web_signatures_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileProvider, "algorithms", lambda self: ["ES256"])
    signed = signing.sign("tokens", b"data")
    [key] = signing.public_keys("tokens")
    assert (signed.algorithm, len(signed.signature), key.verify(b"data", signed.signature)) == ("ES256", 64, True)
    assert [key.verify(b"Data", signed.signature), key.verify(b"data", bytes(64))] == [False, False]
    assert sorted(key.jwk()) == ["alg", "crv", "kid", "kty", "use", "x", "y"]


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_others_verify_with_the_exported_keys(monkeypatch: pytest.MonkeyPatch, algorithm: str) -> None:
    monkeypatch.setattr(FileProvider, "algorithms", lambda self: [algorithm])
    [key] = [signing.public_keys("tokens")[0]]
    header = {"alg": algorithm, "kid": key.kid}
    first, second = (jwt.utils.base64url_encode(json.dumps(part).encode()) for part in (header, {"sub": "x"}))
    signature = jwt.utils.base64url_encode(signing.signer("tokens").sign(first + b"." + second))
    token = b".".join((first, second, signature)).decode()
    by_jwk: Any = jwt.PyJWK.from_dict(key.jwk()).key
    by_pem: Any = load_pem_public_key(key.pem().encode())
    assert [jwt.decode(token, each, [algorithm]) for each in (by_jwk, by_pem)] == [{"sub": "x"}] * 2


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    """RFC 8037, appendix A.3."""
    public = urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    key = Ed25519PublicKey.from_public_bytes(public)
    assert publickeys.thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_private_keys_lie_wrapped_and_open_in_their_own_row_only() -> None:
    signing.signer("tokens")
    signing.signer("gateway")
    rows = {row.purpose: row for row in SigningKey.objects.all()}
    assert b"+ep" not in bytes(rows["tokens"].wrapped or b"")  # the Ed25519 identifier of every PKCS #8
    with marked():
        SigningKey.objects.filter(purpose="tokens").update(wrapped=rows["gateway"].wrapped)
    forget()
    with pytest.raises(Tampered):
        signing.sign("tokens", b"data")


def test_a_purpose_has_one_key_without_a_successor() -> None:
    signing.signer("tokens")
    second = rollover._draft("tokens", 2, START)
    with pytest.raises(IntegrityError, match="signing_key_one_without_successor"), transaction.atomic():
        second.save(force_insert=True)


def test_a_key_made_in_a_transaction_that_is_undone_signs_nothing_later() -> None:
    with transaction.atomic():
        undone = signing.signer("tokens").kid
        transaction.set_rollback(True)
    assert signing.signer("tokens").kid != undone
    assert connection.in_atomic_block is False
    assert [len(signing.sign("tokens", b"x").signature), SigningKey.objects.count()] == [64, 1]


def test_the_vectors_of_rfc_8032_verify() -> None:
    from tests.vault.test_aead import VECTORS

    for case in VECTORS["ed25519"]["cases"]:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["seed_hex"]))
        public = publickeys.PublicKey("", "EdDSA", key.public_key(), START, None)
        assert public.verify(bytes.fromhex(case["msg_hex"]), bytes.fromhex(case["sig_hex"]))
    assert len(VECTORS["ed25519"]["cases"]) == 12
