"""Sealed columns are plain in Python and noise in the database, and open only where they were sealed."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection, transaction
from django.db.models import Model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qenex.vault import envelope
from qenex.vault.errors import ProviderUnavailable, Tampered, Unsealed
from qenex.vault.fields import Sealed, preload
from qenex.vault.models import DataKey
from tests.support.vault import forget

pytestmark = pytest.mark.usefixtures("place")
BORROWED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def note(**values: Any) -> Any:
    from tests.vault.notes.models import Note

    return Note._default_manager.create(**{"person": uuid4(), **values})


def again(row: Model) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def stored(row: Model, column: str) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {row._meta.db_table} WHERE id = %s", [row.pk])  # noqa: S608  # names of ours
        return bytes(cursor.fetchone()[0])


def store(row: Model, column: str, value: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {column} = %s WHERE id = %s", [value, row.pk])  # noqa: S608  # names of ours


@BORROWED
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.binary(max_size=300))
def test_whatever_is_saved_is_read_and_lies_sealed(text: str, raw: bytes) -> None:
    row = note(text=text, raw=raw)
    found = again(row)
    assert (found.text, found.raw, found.other) == (text, raw, None)
    sealed = stored(row, "text")
    assert sealed[:1] == b"\x02"
    assert len(sealed) == len(text.encode()) + envelope.OVERHEAD == len(text.encode()) + 57
    assert text.encode() not in sealed or len(text) < 3


@BORROWED
@given(st.data())
def test_no_flipped_bit_opens(data: st.DataObject) -> None:
    row = note(text="a secret")
    sealed = bytearray(stored(row, "text"))
    position = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[position // 8] ^= 1 << position % 8
    store(row, "text", bytes(sealed))
    with pytest.raises(Tampered):
        again(row).text  # noqa: B018  # reading opens


@pytest.mark.parametrize("length", [0, 1, 17, 44, 45, 52])
def test_what_was_cut_does_not_open(length: int) -> None:
    row = note(text="a secret")
    store(row, "text", stored(row, "text")[:length])
    with pytest.raises(Tampered):
        again(row).text  # noqa: B018  # reading opens


def test_a_value_moved_to_another_row_column_or_table_does_not_open() -> None:
    from tests.vault.notes.models import Copy

    person = uuid4()
    row, other = note(person=person, text="a secret", other="x"), note(person=person, text="y")
    copy = Copy._default_manager.create(id=row.pk, person=person, text="z")
    sealed = stored(row, "text")
    for target, column in ((other, "text"), (row, "other"), (copy, "text")):
        store(target, column, sealed)
        with pytest.raises(Tampered):
            getattr(again(target), column)
    assert again(row).text == "a secret"


def test_a_row_that_was_copied_in_python_is_refused_before_it_is_written() -> None:
    found = again(note(text="a secret"))
    found.pk, found._state.adding = uuid4(), True
    with pytest.raises(Tampered):
        found.save(force_insert=True)
    assert not type(found).objects.filter(pk=found.pk).exists()


def test_saving_what_was_read_keeps_the_bytes_and_setting_it_seals_anew() -> None:
    row = note(text="a secret", other="same")
    before = stored(row, "text"), stored(row, "other")
    found = again(row)
    found.text = "another"
    found.save()
    assert (stored(row, "text") != before[0], stored(row, "other")) == (True, before[1])
    assert (again(row).text, again(row).other) == ("another", "same")


def test_many_rows_are_sealed_at_once() -> None:
    from tests.vault.notes.models import Note

    person = uuid4()
    rows = [Note(person=person, text=f"secret {number}") for number in range(5)]
    Note._default_manager.bulk_create(rows)
    assert [again(row).text for row in rows] == [f"secret {number}" for number in range(5)]
    assert DataKey.objects.filter(subject=str(person)).count() == 1


def test_nothing_is_written_or_searched_for_in_clear_past_a_row() -> None:
    row = note(text="a secret")
    sealed, manager = stored(row, "text"), type(row).objects
    with pytest.raises(Unsealed):
        manager.filter(pk=row.pk).update(text="in clear")
    row.text = "in clear"
    with pytest.raises(Unsealed):
        manager.bulk_update([row], ["text"])
    with pytest.raises(FieldError, match="Unsupported lookup 'exact'"):
        manager.filter(text="a secret").exists()
    assert stored(row, "text") == sealed
    assert list(manager.filter(pk=row.pk, text__isnull=False)) == [row]


def test_what_is_not_opened_does_not_show_itself() -> None:
    row = note(text="a secret")
    [value] = type(row).objects.filter(pk=row.pk).values_list("text", flat=True)
    assert (repr(value), str(value)) == ("Sealed(65 bytes)", "Sealed(65 bytes)")
    assert isinstance(value, Sealed)
    assert "a secret" not in serializers.serialize("json", [again(row)])


def test_a_value_without_its_subject_or_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Note\.person is not set"):
        note(person=None, text="a secret")
    with pytest.raises(TypeError, match="text must be a str, not bytes"):
        note(text=b"a secret")
    with pytest.raises(TypeError, match="raw must be bytes, not str"):
        note(raw="a secret")


def test_a_key_made_in_a_transaction_that_is_undone_seals_nothing_later() -> None:
    person = uuid4()
    with transaction.atomic():
        note(person=person, text="lost")
        transaction.set_rollback(True)
    assert not DataKey.objects.filter(subject=str(person)).exists()
    row = note(person=person, text="kept")
    forget()
    assert again(row).text == "kept"


def test_without_its_keys_nothing_opens_and_nothing_is_written_in_clear(keys: Any) -> None:
    person = uuid4()
    row = note(person=person, text="a secret")
    keys.rename(keys.with_name("away"))
    forget()
    acts: list[Callable[[], Any]] = [
        lambda: again(row).text,
        lambda: note(person=person, text="more"),
        lambda: note(text="of another"),
    ]
    for act in acts:
        with pytest.raises(ProviderUnavailable):
            act()
    assert (type(row).objects.count(), keys.exists()) == (1, False)
    keys.with_name("away").rename(keys)
    assert again(row).text == "a secret"


def test_a_list_of_many_subjects_needs_one_query_for_its_keys(django_assert_num_queries: Any) -> None:
    rows = [note(text=f"secret {number}", person=UUID(int=number)) for number in range(20)]
    forget()
    found = list(type(rows[0]).objects.order_by("id"))
    with django_assert_num_queries(1):
        preload(found)
        assert [each.text for each in found] == [f"secret {number}" for number in range(20)]


def test_a_column_that_was_left_out_is_opened_when_it_is_asked_for() -> None:
    row = note(text="a secret")
    found = type(row).objects.defer("text").get(pk=row.pk)
    assert found.text == "a secret"
    found.save()
    assert again(row).text == "a secret"
