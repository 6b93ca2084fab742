"""vault_keys lists, exports and rolls over; the probe looks at the keys past every cache."""

import json
from io import StringIO
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management import CommandError, call_command
from django.test import Client

from qenex.kernel.models import Event
from qenex.vault import keyring, signing
from qenex.vault.models import SigningKey
from tests.support.vault import forget

pytestmark = pytest.mark.usefixtures("place")


def keys_command(*arguments: str) -> str:
    out = StringIO()
    call_command("vault_keys", *arguments, stdout=out)
    return out.getvalue()


def test_an_empty_vault_is_listed_and_nothing_is_made() -> None:
    assert keys_command() == "provider file, newest key none yet\n"
    assert SigningKey.objects.count() == 0


def test_keys_are_listed_by_where_they_stand() -> None:
    key = signing.rollover("tokens")
    keyring.live("notes", "somebody")
    [row] = SigningKey.objects.all()
    lines = keys_command().splitlines()
    assert lines[0].startswith("provider file, newest key file:")
    assert lines[1:] == [
        f"1 data keys under {row.kek_id} version 1",
        "notes (seal): 1 keys, newest version 1",
        f"tokens 1: {key.kid} EdDSA active, until further notice",
    ]


def test_public_keys_are_exported_and_no_private_one() -> None:
    signed = signing.sign("checkpoints", b"data")
    pem, jwk = keys_command("--export", "checkpoints"), keys_command("--export", "checkpoints", "--format", "jwk")
    head, _, body = pem.partition("\n")
    assert head.startswith(f"# {signed.kid} EdDSA, signs from ")
    by_pem: Any = load_pem_public_key(body.encode())
    [document] = json.loads(jwk)["keys"]
    by_jwk: Any = jwt_key(document)
    for public in (by_pem, by_jwk):
        public.verify(signed.signature, b"data")
    assert (document["kid"], sorted(document)) == (signed.kid, ["alg", "crv", "kid", "kty", "use", "x"])
    assert "PRIVATE" not in pem


def jwt_key(document: dict[str, str]) -> Any:
    return jwt.PyJWK.from_dict(document).key


def test_a_rollover_is_recorded_with_its_reason() -> None:
    signing.signer("tokens")
    assert "(EdDSA) signs from " in keys_command("--rollover", "tokens", "--reason", "yearly")
    event = Event.objects.filter(type="vault.signing_key.made").order_by("id").last()
    assert event is not None
    body = json.loads(bytes(event.body))
    assert (body["reason"], body["actor"]["name"], body["data"]["version"]) == ("yearly", "vault_keys", 2)
    with pytest.raises(CommandError, match="the next key of tokens signs from"):
        keys_command("--rollover", "tokens")
    keys_command("--rollover", "tokens", "--compromised")
    forget()
    assert [row.state.value for row in SigningKey.objects.order_by("version")] == ["ended", "ended", "active"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--export", "nothing"], "nothing is signed for 'nothing'; there are checkpoints, gateway, tokens"),
        (["--rollover", "nothing"], "nothing is signed for 'nothing'"),
        (["--compromised"], "--compromised goes with --rollover"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        keys_command(*arguments)
    assert "\n" not in str(caught.value)
    assert SigningKey.objects.count() == 0


def test_the_probe_is_red_without_the_keys_although_they_are_cached(keys: Any) -> None:
    keyring.live("notes", "somebody")
    assert Client().get("/readyz").json()["checks"]["keys"]["status"] == "ok"
    (keys / "kek-00001").chmod(0o644)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["keys"]["detail"].endswith(f"chmod 600 {keys / 'kek-00001'}")
    (keys / "kek-00001").chmod(0o600)
    assert Client().get("/readyz").status_code == 200


def test_the_probe_is_red_with_the_keys_of_another_installation(keys: Any) -> None:
    keyring.live("notes", "somebody")
    (keys / "kek-00001").write_bytes(bytes(32))
    forget()
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert "is not in" in response.json()["checks"]["keys"]["detail"]
