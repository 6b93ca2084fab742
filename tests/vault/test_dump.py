"""A dump of the database holds nothing that opens anything: no secret, code, token, key or personal datum in clear."""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections

from qenex.access import passwords
from qenex.access.mfa import enrolment
from qenex.access.models import Passkey
from qenex.access.tokens import family_refresh, family_start
from qenex.vault import blindindex, keyring, providers, signing
from qenex.vault.models import DataKey, SigningKey
from qenex.vault.signers import wrap_aad
from tests.support.dump import FORMATS, dump, shows
from tests.support.marked import marked
from tests.support.people import code, make_user, staff_client
from tests.support.signing import make_program

PLANTED = "planted-4c1f9a-secret-\xff-ÿ~?"
RAW = PLANTED.encode()
ENCODED: dict[str, Callable[[bytes], bytes]] = {
    "hex": lambda raw: raw.hex().encode(),
    "base32": base64.b32encode,
    "base64": base64.b64encode,
    "urlsafe base64": base64.urlsafe_b64encode,
}


def _store(text: str, raw: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO planted VALUES (%s, %s)", [text, raw])


@pytest.fixture
def planted(place: dict[str, str]) -> None:
    """A table of a text and of bytes, in a database of the test's own."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE planted (text text, raw bytea); GRANT INSERT ON planted TO PUBLIC")


@pytest.mark.parametrize("format", FORMATS)
def test_the_search_finds_what_lies_there_in_any_form(planted: None, format: str) -> None:
    assert shows(dump(format), PLANTED) == []
    _store(PLANTED, b"")
    assert shows(dump(format), PLANTED) == ["plain"]
    wanted: list[tuple[bytes, str]] = []
    for name, encode in ENCODED.items():
        for before in (b"", b"x", b"xy", b"xyz", b"wxyz"):
            in_text, in_bytes = secrets.token_bytes(24), secrets.token_bytes(24)
            encoded = [b"{" + encode(before + secret + b"after it") + b"}" for secret in (in_text, in_bytes)]
            _store(encoded[0].decode(), encoded[1])
            wanted += [(in_text, name), (in_bytes, f"{name} in hex")]
    dumped = dump(format)
    assert [(secret, form) for secret, form in wanted if form not in shows(dumped, secret)] == []


def test_the_search_looks_into_sessions_and_at_bytes_of_a_column(planted: None) -> None:
    client = staff_client(make_user())
    session = client.session
    session["note"] = PLANTED + "x" * 500  # long enough that Django compresses it
    session.save()
    assert "plain" in shows(dump(), PLANTED)
    secret = secrets.token_bytes(20)
    _store("", b"before" + secret)
    assert shows(dump(), secret) == ["hex"]
    with pytest.raises(ValueError, match="by chance"):
        shows(b"", b"1234567")


def _people() -> dict[str, list[str | bytes]]:
    """What somebody who signs in knows and holds, by what it is; all of it made by the services that make it."""
    user = make_user()
    password = f"plum jam on {secrets.token_hex(8)}"
    passwords.password_change(user=user, password=password)
    app = enrolment.app_begin(user=user)
    assert app.secret is not None
    assert enrolment.app_confirm(user=user, code=code(app))
    codes = enrolment.recovery_codes_make(user=user)
    client = staff_client(user)
    first = family_start(user=user, method="password")
    assert first.refresh is not None
    second = family_refresh(refresh=first.refresh)
    assert second.refresh is not None
    tokens = [first.access, first.refresh, second.access, second.refresh]
    return {
        "password": [password],
        "TOTP seed": [bytes(app.secret)],
        "recovery code": [*codes, *(each.replace("-", "") for each in codes)],
        "session key": [client.cookies[settings.SESSION_COOKIE_NAME].value],
        "token": [part for token in tokens for part in (token, token.rpartition(".")[2])],
        "API key's secret": [make_program(user, "read").secret],
        "private key of a passkey": [_passkey(user)],
    }


def _passkey(user: User) -> bytes:
    """Stores a passkey as its registration does, and returns the private half, which stays in the device."""
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    cose = (
        b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + numbers.x.to_bytes(32) + b"\x22\x58\x20" + numbers.y.to_bytes(32)
    )
    id = secrets.token_bytes(32)
    fields = {"credential_id": id, "public_key": cose, "aaguid": uuid4(), "sign_count": 0, "confirmed": True}
    with marked():
        Passkey.objects.create(user=user, name="laptop", **fields)
    return key.private_numbers().private_value.to_bytes(32)


def _personal() -> list[str | bytes]:
    """A person's data in every kind of sealed column."""
    from tests.vault.notes.models import Note

    mail = f"{secrets.token_hex(6)}@planted.example"
    raw = secrets.token_bytes(32)
    Note._default_manager.create(person=uuid4(), text=PLANTED, other=PLANTED * 3, raw=raw, mail=mail)
    return [PLANTED, raw, mail, blindindex.casefolded(mail)]


def _keys(keys: Path) -> list[str | bytes]:
    """Every key of this process in clear."""
    signing.sign("checkpoints", b"data")
    found: list[Any] = [keyring.key(row.pk).secret for row in DataKey.objects.all()]
    assert len(found) >= 4
    found += [path.read_bytes() for path in keys.iterdir()] if keys.exists() else []
    for row in SigningKey.objects.exclude(wrapped=None):
        assert row.wrapped is not None
        found.append(providers.current().unwrap(row.kek_id, bytes(row.wrapped), wrap_aad(row))[-32:])
    return found


@pytest.mark.parametrize("provider", ["place", "hsm"])
def test_nothing_that_opens_anything_is_in_a_dump(request: pytest.FixtureRequest, provider: str, keys: Path) -> None:
    request.getfixturevalue(provider)
    hidden = {**_people(), "personal datum": _personal(), "key": _keys(keys)}
    assert sum(map(len, hidden.values())) >= 30
    for format in FORMATS:
        dumped = dump(format)
        assert len(dumped) > 100_000
        for public in Passkey.objects.values_list("public_key", flat=True):
            assert shows(dumped, bytes(public)) == ["hex"]  # what may lie there does, so the dump is of this database
        found = {what: forms for what, each in hidden.items() for one in each if (forms := shows(dumped, one))}
        assert found == {}, format
