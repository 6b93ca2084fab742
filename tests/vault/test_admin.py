"""The vault's page: what is asked of it is there, nobody changes anything through it, and it gives no secret away."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management import call_command
from django.test import Client

from qenex.vault import crypto_shred, keyring, overview, providers, publickeys, rotation, signing
from qenex.vault.models import DataKey, SigningKey
from qenex.vault.signers import wrap_aad
from tests.support.people import make_user, staff_client
from tests.support.vault import forget

pytestmark = pytest.mark.usefixtures("place")
LIST = "/admin/vault/signingkey/"


@pytest.fixture
def auditor() -> Client:
    return staff_client(make_user(permissions=("vault.view_signingkey",)))


def text(client: Client, path: str = LIST) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(path).text))


def test_an_empty_vault_says_so() -> None:
    assert overview.health() == ("file", "", "")
    assert (overview.data_keys(), overview.rotations(), overview.going()) == ([], [], None)
    words = text(staff_client(make_user(permissions=("vault.view_signingkey",))))
    assert "There was none yet." in words
    assert "0 signing keys" in words


def test_keys_are_counted_by_purpose_and_by_what_wraps_them(auditor: Client) -> None:
    people = [str(uuid4()) for _ in range(3)]
    for person in people:
        keyring.live("notes", person)
    keyring.live("apikey")
    crypto_shred(people[0])
    call_command("vault_rotate", "--data", verbosity=0)
    found = {
        (row["purpose"], row["kek_version"]): (row["live"], row["retired"], row["shredded"])
        for row in overview.data_keys()
    }
    assert found[("notes", 1)] == (0, 0, 1)
    assert found[("notes", 2)] == (2, 2, 0)
    assert found[("apikey", 2)] == (1, 1, 0)
    words = text(auditor)
    newest = providers.current().newest()
    assert newest is not None
    assert f"Newest key-encryption key: {newest.id}." in words
    assert f"notes seals values {newest.id} 2 2 2 0" in words
    assert [person for person in people if person in words] == []


def test_a_rotation_on_its_way_shows_how_far_it_is(auditor: Client) -> None:
    for _ in range(3):
        keyring.live("notes", str(uuid4()))
    total = DataKey.objects.count()
    row, _ = rotation.rotation_start(data=False)
    rotation.keys_rewrap(rotation=row, model=DataKey, after=rotation.FIRST, limit=2)
    page = auditor.get(LIST).text
    assert f"2 of {total} keys are wrapped under {row.kek_id}." in page
    assert f'<progress id="going" max="{total}" value="2">' in page
    call_command("vault_rotate", verbosity=0)
    assert "<progress" not in auditor.get(LIST).text


def test_signing_keys_are_listed_with_their_state(auditor: Client) -> None:
    first = signing.signer("tokens").kid
    second = signing.rollover("tokens").kid
    page = auditor.get(LIST).text
    rows = {kid: row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) for kid in (first, second) if kid in row}
    states = [re.search(r"field-state_shown\">([^<]*)<", rows[kid]) for kid in (first, second)]
    assert [found and found[1] for found in states] == ["signs", "published, does not sign yet"]


def test_a_public_key_is_exported_as_pem_and_as_jwk(auditor: Client) -> None:
    kid = signing.signer("tokens").kid
    [key] = signing.public_keys("tokens")
    row = SigningKey.objects.get(kid=kid)
    assert "in the HSM" not in text(auditor, f"{LIST}{row.pk}/change/")
    answer = auditor.get(f"{LIST}{row.pk}/export/")
    assert answer["Content-Disposition"] == 'attachment; filename="qenex-tokens-1.pem"'
    loaded: Any = load_pem_public_key(answer.content)
    assert publickeys.thumbprint(loaded) == kid
    assert json.loads(auditor.get(f"{LIST}{row.pk}/export/?format=jwk").content) == key.jwk()
    assert auditor.get(f"{LIST}{row.pk}/export/?format=der").status_code == 404
    assert auditor.get(f"{LIST}{uuid4()}/export/").status_code == 404
    assert auditor.post(f"{LIST}{row.pk}/export/").status_code == 405


def test_nobody_sees_a_private_half_or_a_wrapped_key(auditor: Client) -> None:
    keyring.live("notes")
    signing.signer("tokens")
    row = SigningKey.objects.get(purpose="tokens")
    wrapped = bytes(row.wrapped or b"")
    private = providers.current().unwrap(row.kek_id, wrapped, wrap_aad(row))
    pages = "".join(auditor.get(f"{LIST}{path}").text for path in ("", f"{row.pk}/change/", f"{row.pk}/export/"))
    assert len(private) > 40
    for secret in (private[-32:], wrapped[-32:], bytes(DataKey.objects.get(purpose="notes").wrapped or b"")[-32:]):
        assert secret.hex() not in pages.lower()


def test_a_lost_key_file_is_said_and_the_page_still_opens(auditor: Client, keys: Path) -> None:
    keyring.live("notes")
    for file in keys.iterdir():
        file.unlink()
    forget()
    page = auditor.get(LIST)
    assert page.status_code == 200
    assert "The file provider cannot be used:" in page.text


def test_nobody_else_sees_it_and_nobody_changes_it(auditor: Client) -> None:
    signing.signer("tokens")
    row = SigningKey.objects.get(purpose="tokens")
    teller = staff_client(make_user(permissions=("ledger.view_account",)))
    for path in ("", f"{row.pk}/change/", f"{row.pk}/export/"):
        assert teller.get(f"{LIST}{path}").status_code == 403
    boss = staff_client(make_user(superuser=True))
    for client in (auditor, boss):
        for path in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
            assert client.post(f"{LIST}{path}", {"kid": "x", "post": "yes"}).status_code == 403
    assert SigningKey.objects.get(purpose="tokens").kid == row.kid
