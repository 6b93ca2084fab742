"""A dump of the database holds nothing of what was sealed, and no key."""

import base64
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from qenex.vault import keyring, providers, signing
from qenex.vault.models import DataKey, SigningKey
from qenex.vault.signers import wrap_aad
from tests.support.dump import dump, shows

PLANTED = "planted-4c1f9a-secret"


@pytest.mark.parametrize("form", ["plain", "hex", "base64"])
def test_the_search_finds_what_is_there(place: dict[str, str], form: str) -> None:
    value = {"plain": PLANTED, "hex": PLANTED, "base64": None}[form]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES (%s, %s, now())", [uuid4().hex, value or _base64(PLANTED)])
        if form == "hex":
            cursor.execute("UPDATE django_session SET session_data = encode(session_data::bytea, 'hex')")
    assert shows(dump(), PLANTED) == [form]


@pytest.mark.parametrize("provider", ["place", "hsm"])
def test_nothing_of_what_was_sealed_is_in_a_dump(request: pytest.FixtureRequest, provider: str, keys: Path) -> None:
    request.getfixturevalue(provider)
    from tests.vault.notes.models import Note

    person = uuid4()
    row = Note._default_manager.create(person=person, text=PLANTED, other=PLANTED * 3, raw=PLANTED.encode())
    signing.sign("tokens", b"data")
    dumped = dump()
    assert str(row.pk).encode() in dumped
    assert len(dumped) > 10_000
    assert shows(dumped, PLANTED) == []
    for secret in _secrets(keys):
        assert shows(dumped, secret) == []


def _secrets(keys: Path) -> list[bytes]:
    """Every key of this process in clear."""
    found: list[Any] = [keyring.key(row.pk).secret for row in DataKey.objects.all()]
    assert len(found) == 2
    found += [path.read_bytes() for path in keys.iterdir()] if keys.exists() else []
    for row in SigningKey.objects.exclude(wrapped=None):
        assert row.wrapped is not None
        found.append(providers.current().unwrap(row.kek_id, bytes(row.wrapped), wrap_aad(row))[-32:])
    return found


def _base64(text: str) -> str:
    return "x" + base64.b64encode(text.encode()).decode()
