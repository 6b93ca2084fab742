"""A shredded subject's data is gone for ever, and nobody else's."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from qenex.kernel.models import Event
from qenex.vault import crypto_shred, keyring, shredding, subjects
from qenex.vault.errors import Shredded
from qenex.vault.models import DataKey
from tests.support.vault import forget

pytestmark = pytest.mark.usefixtures("place")


def note(**values: Any) -> Any:
    from tests.vault.notes.models import Note

    return Note._default_manager.create(**values)


def again(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def test_what_was_sealed_for_the_subject_is_gone_and_others_data_is_not() -> None:
    gone, other = note(person=uuid4(), text="of one", raw=b"of all"), note(person=uuid4(), text="of another")
    assert again(gone).text == "of one"
    assert crypto_shred(gone.person) == 1
    with pytest.raises(Shredded):
        again(gone).text  # noqa: B018  # reading opens
    assert (again(gone).raw, again(other).text) == (b"of all", "of another")
    row = DataKey.objects.get(subject=str(gone.person))
    assert (row.wrapped, row.shredded_at is not None) == (None, True)


def test_nothing_more_is_sealed_for_the_subject_for_any_purpose() -> None:
    gone = note(person=uuid4(), text="of one")
    crypto_shred(gone.person)
    with pytest.raises(Shredded):
        note(person=gone.person, text="more")
    with pytest.raises(Shredded):
        keyring.live("another purpose", str(gone.person))
    assert type(gone)._default_manager.filter(person=gone.person).count() == 1


def test_the_event_does_not_name_the_subject_in_clear() -> None:
    person = uuid4()
    note(person=person, text="of one")
    crypto_shred(person)
    [event] = Event.objects.filter(type="vault.subject.shredded")
    assert event.subject_id == shredding.digest(str(person))
    assert len(event.subject_id) == 64
    body = bytes(event.body)
    assert str(person).encode() not in body
    assert person.hex.encode() not in body
    assert json.loads(body)["data"] == {"keys": 1, "purposes": ["notes"]}


def test_shredding_again_or_a_stranger_changes_nothing_and_says_nothing() -> None:
    person = uuid4()
    note(person=person, text="of one")
    assert [crypto_shred(person), crypto_shred(person), crypto_shred(uuid4())] == [1, 0, 0]
    assert Event.objects.filter(type="vault.subject.shredded").count() == 1


def test_what_is_undone_was_not_shredded() -> None:
    row = note(person=uuid4(), text="of one")
    with transaction.atomic():
        assert crypto_shred(row.person) == 1
        transaction.set_rollback(True)
    forget()
    assert again(row).text == "of one"
    assert not Event.objects.filter(type="vault.subject.shredded").exists()


@pytest.mark.parametrize("subject", ["", 7])
def test_no_subject_and_a_mere_number_are_refused(subject: Any) -> None:
    with pytest.raises(ValueError, match="subject"):
        crypto_shred(subject)


def test_a_row_and_its_foreign_key_name_the_same_subject() -> None:
    users = get_user_model()
    user = users(pk=7)
    entry = connection_entry(user)
    assert subjects.name(user) == "auth.user:7" == subjects.of_attribute(entry, "user_id")
    assert subjects.of_attribute(entry, "user") == "auth.user:7"
    assert subjects.of_attribute(user, "id") == "auth.user:7"


def connection_entry(user: Any) -> Any:
    from django.contrib.admin.models import LogEntry

    return LogEntry(user=user)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE vault_datakey SET subject = 'x'", "whose a data key is never changes"),
        ("UPDATE vault_datakey SET purpose = 'x'", "whose a data key is never changes"),
        ("UPDATE vault_datakey SET version = 9", "whose a data key is never changes"),
        ("UPDATE vault_datakey SET wrapped = NULL", "data_key_wrapped_or_shredded"),
        ("UPDATE vault_datakey SET shredded_at = now()", "data_key_wrapped_or_shredded"),
    ],
)
def test_the_database_keeps_keys(statement: str, message: str) -> None:
    row = note(person=uuid4(), text="of one")
    with pytest.raises(IntegrityError, match=message), connection.cursor() as cursor:
        cursor.execute(statement)
    forget()
    assert again(row).text == "of one"


def test_the_database_brings_no_shredded_key_back() -> None:
    person = uuid4()
    note(person=person, text="of one")
    wrapped = bytes(DataKey.objects.get(subject=str(person)).wrapped or b"")
    crypto_shred(person)
    with pytest.raises(IntegrityError, match="a shredded data key stays shredded"):
        DataKey.objects.filter(subject=str(person)).update(wrapped=wrapped, shredded_at=None)
    assert DataKey.objects.get(subject=str(person)).wrapped is None
