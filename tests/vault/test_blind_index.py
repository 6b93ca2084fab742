"""A sealed text is found by its exact value, and its index says nothing else."""

import hashlib
import hmac
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qenex.vault import blindindex, keyring
from qenex.vault.models import DataKey
from tests.support.dump import dump, shows
from tests.support.vault import forget
from tests.vault.test_rotation import rotate

pytestmark = pytest.mark.usefixtures("place")
BORROWED = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def note(mail: str | None, **values: Any) -> Any:
    from tests.vault.notes.models import Note

    return Note._default_manager.create(person=uuid4(), mail=mail, **values)


def found(**query: Any) -> list[Any]:
    from tests.vault.notes.models import Note

    return list(Note._default_manager.filter(**query).order_by("pk"))


def test_a_text_is_found_by_its_normalised_value_only() -> None:
    anna, ben = note("Anna@Example.org"), note("ben@example.org")
    assert found(mail_index=" anna@EXAMPLE.org ") == [anna]
    assert found(mail_index="anna@example.or") == []
    assert found(mail_index__in=["ANNA@example.org", "ben@example.org", "x"]) == [anna, ben]
    assert found(mail_index="Anna@Example.org")[0].mail == "Anna@Example.org"


def test_the_index_is_hmac_sha256_under_a_key_of_its_own() -> None:
    row = note("Anna@Example.org")
    key = keyring.live("mail", use=DataKey.Use.INDEX)
    text = b"anna@example.org"
    encoded = b"s\x00\x00\x00\x11qenex.vault.index" + b"s\x00\x00\x00\x10" + text
    assert row.mail_index == hmac.new(key.secret, encoded, hashlib.sha256).digest()
    assert {key.use for key in DataKey.objects.filter(purpose="mail")} == {"seal", "index"}
    assert key.secret != keyring.live("mail", str(row.person)).secret


def test_what_is_unique_is_so_in_every_spelling() -> None:
    note("anna@example.org")
    with pytest.raises(IntegrityError, match="mail_index"):
        note("ANNA@example.org")
    assert [note(None).mail_index, note(None).mail_index] == [None, None]


def test_the_index_follows_its_text() -> None:
    row = note("anna@example.org")
    [again] = found(pk=row.pk)
    before = again.mail_index
    again.save()
    assert (again.mail_index, found(mail_index="anna@example.org")) == (before, [row])
    again.mail = "other@example.org"
    again.save()
    assert [len(found(mail_index=f"{name}@example.org")) for name in ("anna", "other")] == [0, 1]
    again.mail = None
    again.save()
    assert (again.mail_index, found(mail_index="other@example.org")) == (None, [])


@pytest.mark.parametrize("lookup", ["contains", "startswith", "gt", "iexact", "regex"])
def test_nothing_but_equality_can_be_asked(lookup: str) -> None:
    with pytest.raises(FieldError, match="Unsupported lookup"):
        found(**{f"mail_index__{lookup}": "anna"})
    with pytest.raises(TypeError, match="looked for by a text, not by bytes"):
        found(mail_index=b"anna")


def test_look_ups_hold_through_a_rotation_and_a_new_process() -> None:
    row = note("anna@example.org")
    rotate("--data")
    forget()
    assert found(mail_index="anna@example.org") == [row]
    assert found(pk=row.pk)[0].mail == "anna@example.org"
    assert DataKey.objects.get(purpose="mail", use="index").version == 1


def test_a_dump_shows_neither_text_nor_plain_hash() -> None:
    note("planted-mail@example.org")
    dumped = dump()
    assert shows(dumped, "planted-mail@example.org") == []
    assert shows(dumped, hashlib.sha256(b"planted-mail@example.org").digest()) == []


@BORROWED
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    for normalise in (blindindex.exact, blindindex.compact):
        assert normalise(normalise(text)) == normalise(text)
    assert blindindex.digest("mail", text) == blindindex.digest("mail", text)


@pytest.mark.parametrize(
    ("normalise", "text", "normal"),
    [
        (blindindex.exact, "Zu\u0308rich ", "Z\u00fcrich "),
        (blindindex.casefolded, " Stra\u00dfe\uff11 ", "strasse1"),
        (blindindex.compact, "nl91 abna-0417 1643.00", "NL91ABNA0417164300"),
    ],
)
def test_normalisation_is_explicit(normalise: blindindex.Normalise, text: str, normal: str) -> None:
    assert normalise(text) == normal
