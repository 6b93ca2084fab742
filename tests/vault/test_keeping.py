"""Keys are never deleted, not even by the tables' owner; a data key goes by shredding alone, and its making is told."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from qenex.kernel import clock
from qenex.kernel.models import Event
from qenex.vault import aead, crypto_shred, envelope, keyring, signing
from qenex.vault.models import DataKey, SigningKey
from tests.support.vault import forget

pytestmark = pytest.mark.usefixtures("place")
CHANGE, PUT_OFF = "UPDATE vault_signingkey SET {}", "the end of a signing key is never put off"
TABLES = ["vault_datakey", "vault_signingkey"]


def refusal(alias: str, statement: str) -> str:
    """What the database says to a statement, which is undone if it says nothing."""
    with (
        pytest.raises((ProgrammingError, IntegrityError)) as refused,
        transaction.atomic(alias),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute(statement)
    return str(refused.value).splitlines()[0]


def everything() -> list[dict[str, Any]]:
    """Every key there is."""
    found: list[Any] = [*DataKey.objects.order_by("pk").values(), *SigningKey.objects.order_by("pk").values()]
    return found


@pytest.fixture
def kept() -> list[dict[str, Any]]:
    """A key of either kind, as it must stay."""
    keyring.live("notes", str(uuid4()))
    signing.signer("tokens")
    return everything()


@pytest.mark.smoke
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}"])
def test_neither_the_writer_nor_the_owner_deletes_a_key(kept: list[dict[str, Any]], statement: str) -> None:
    for table in (*TABLES, "vault_rotation"):
        assert refusal("default", statement.format(table)) == f"permission denied for table {table}"
    for table in TABLES:
        said = refusal("owner", statement.format(table))
        assert f"never deleted: {statement.split()[0]} of {table} is refused" in said
    assert everything() == kept


@pytest.mark.parametrize("alias", ["default", "owner"])
def test_a_signing_key_stays_what_it_is(kept: list[dict[str, Any]], alias: str) -> None:
    for change in ("kid = 'x'", "public = '\\x00'", "label = 'x'", "not_before = now() - interval '1 day'"):
        assert refusal(alias, CHANGE.format(change)) == "what a signing key is never changes"
    message = "the private half of a signing key is not taken away"
    assert refusal(alias, CHANGE.format("wrapped = NULL")) == message
    assert everything() == kept


def test_a_withdrawn_key_is_not_published_again() -> None:
    signing.signer("tokens")
    signing.rollover("tokens", compromised=True)
    before = everything()
    for change in ("not_after = NULL", "not_after = not_after + interval '1 s'", "retired_at = NULL"):
        assert refusal("default", CHANGE.format(change) + " WHERE version = 1") == PUT_OFF
    assert everything() == before


def test_a_compromised_key_is_withdrawn_sooner_than_was_planned() -> None:
    signing.signer("tokens")
    signing.rollover("tokens")
    planned = SigningKey.objects.get(purpose="tokens", version=1).not_after
    signing.rollover("tokens", compromised=True)
    ended = SigningKey.objects.get(purpose="tokens", version=1).not_after
    assert planned is not None
    assert ended is not None
    assert ended < planned - timedelta(hours=1)
    assert ended <= clock.now()


def test_the_migration_can_be_taken_back_and_made_again(kept: list[dict[str, Any]]) -> None:
    for target, refused in (("0001_initial", False), ("0002_keep_signing_keys", True)):
        MigrationExecutor(connections["owner"]).migrate([("vault", target)])
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'keep_key%%' AND NOT tgisinternal")
            assert cursor.fetchone() == (4 if refused else 2,)
    assert everything() == kept


def test_the_making_of_a_data_key_is_told_in_its_transaction_without_its_subject() -> None:
    person = uuid4()
    with transaction.atomic():
        keyring.live("notes", f"auth.user:{person}")
        transaction.set_rollback(True)
    assert not Event.objects.filter(type="vault.data_key.made").exists()
    forget()
    for _ in range(2):
        keyring.live("notes", f"auth.user:{person}")
    row = DataKey.objects.get(purpose="notes")
    [event] = Event.objects.filter(type="vault.data_key.made")
    body = json.loads(bytes(event.body))
    assert (event.subject_type, event.subject_id) == ("data_key", str(row.pk))
    assert body["data"] == {"use": "seal", "purpose": "notes", "version": 1, "kek": row.kek_id}
    assert str(person).encode() not in bytes(event.body)


@pytest.mark.smoke
def test_a_shredded_subjects_key_is_told_once_and_stays_as_a_place() -> None:
    person = uuid4()
    made = keyring.live("notes", str(person)).id
    crypto_shred(person)
    assert (DataKey.objects.get(pk=made).wrapped, Event.objects.filter(subject_id=str(made)).count()) == (None, 1)


def test_values_of_the_first_format_still_open() -> None:
    key, place = keyring.live("notes"), envelope.Place("table", "column", "1")
    header = b"\x01" + key.id.bytes
    sealed = header + key.cipher.encrypt(b"old", envelope._aad(header, key, place))
    assert (envelope.unseal(sealed, place), envelope.key_id(sealed)) == (b"old", key.id)
    with pytest.raises(aead.Tampered):
        envelope.unseal(b"\x02" + sealed[1:], place)
    assert envelope.seal(b"new", place, purpose="notes")[:1] == b"\x02"


def test_two_values_under_one_key_have_different_ciphers() -> None:
    key = keyring.live("notes", str(UUID(int=5)))
    place = envelope.Place("table", "column", "1")
    sealed = {envelope.seal_under(key, b"same", place)[17:41] for _ in range(200)}
    assert len(sealed) == 200
    assert {len(nonce) for nonce in sealed} == {24}
