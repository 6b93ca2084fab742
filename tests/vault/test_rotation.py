"""Rotation loses nothing: while others read and write, and when it is killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from qenex.embedded.guard import PROJECT
from qenex.kernel import transactions
from qenex.kernel.models import Event
from qenex.vault import crypto_shred, envelope, keyring, providers, rotation, signing
from qenex.vault.errors import ProviderUnavailable, Shredded
from qenex.vault.models import DataKey, Rotation, SigningKey
from tests.support.vault import forget, use_token

pytestmark = pytest.mark.usefixtures("place")


def notes(count: int, people: int = 3) -> list[Any]:
    from tests.vault.notes.models import Note

    persons = [uuid4() for _ in range(people)]
    rows = [
        Note(person=persons[number % people], text=f"secret {number}", raw=bytes([number % 256]))
        for number in range(count)
    ]
    return Note._default_manager.bulk_create(rows)


def rotate(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("vault_rotate", *arguments, "--verbosity", "0", stdout=out, **options)
    return out.getvalue()


def check(rows: list[Any]) -> None:
    """Everything opens, with no key at hand."""
    forget()
    found = {row.pk: row for row in type(rows[0])._default_manager.all()}
    assert [found[row.pk].text for row in rows] == [row.text for row in rows]
    assert [found[row.pk].raw for row in rows] == [row.raw for row in rows]


def stored_keys(column: str = "text") -> set[UUID]:
    """The data keys that the column's values name."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM notes_note WHERE {column} IS NOT NULL")  # noqa: S608  # a name of ours
        return {envelope.key_id(bytes(sealed)) for (sealed,) in cursor.fetchall()}


def live() -> set[UUID]:
    return set(DataKey.objects.filter(use="seal", retired_at=None).values_list("pk", flat=True))


def events(type: str) -> list[dict[str, Any]]:
    return [json.loads(bytes(event.body))["data"] for event in Event.objects.filter(type=type).order_by("id")]


def test_every_key_is_wrapped_under_the_new_key_and_every_value_stays_as_it_was() -> None:
    rows = notes(6)
    signed = signing.sign("tokens", b"data")
    before = stored_keys()
    assert "5 keys are wrapped under version 2" in rotate()
    newest = providers.current().newest()
    assert newest is not None
    assert set(DataKey.objects.values_list("kek_id", "kek_version")) == {tuple(newest)}
    assert set(SigningKey.objects.values_list("kek_id", "kek_version")) == {tuple(newest)}
    assert stored_keys() == before
    check(rows)
    [key] = signing.public_keys("tokens")
    assert (signing.sign("tokens", b"data").kid, key.verify(b"data", signed.signature)) == (signed.kid, True)
    assert events("vault.keys.rewrapped") == [
        {"count": 4, "kek": newest.id, "kind": "datakey"},
        {"count": 1, "kek": newest.id, "kind": "signingkey"},
    ]
    assert [event["keys"] for event in events("vault.rotation.finished")] == [5]


@pytest.mark.smoke
def test_with_data_every_value_is_sealed_under_a_new_key() -> None:
    rows = notes(10)
    before = stored_keys() | stored_keys("raw")
    assert "20 values are sealed again" in rotate("--data", batch=3)
    assert (stored_keys() | stored_keys("raw")).isdisjoint(before)
    assert stored_keys() | stored_keys("raw") == live()
    check(rows)
    assert sorted(DataKey.objects.values_list("version", flat=True)) == [1] * 4 + [2] * 4
    assert [event["values"] for event in events("vault.rotation.finished")] == [20]
    assert {(each["table"], each["column"]) for each in events("vault.values.resealed")} == {
        ("notes_note", "raw"),
        ("notes_note", "text"),
    }
    assert sum(each["count"] for each in events("vault.values.resealed")) == 20


def test_each_rotation_takes_a_further_version() -> None:
    rows = notes(2)
    for version in (2, 3, 4):
        rotate("--data")
        assert set(DataKey.objects.values_list("kek_version", flat=True)) == {version}
    check(rows)
    assert Rotation.objects.exclude(finished_at=None).count() == 3


def test_a_dry_run_says_what_there_is_and_changes_nothing() -> None:
    notes(4)
    before = list(DataKey.objects.order_by("pk").values())
    out = rotate("--data", "--dry-run").splitlines()
    assert out[0] == "A rotation begins: 4 keys to wrap."
    assert {"notes_note.text: 4 values to look at.", "notes_note.raw: 4 values to look at."} <= set(out)
    newest = providers.current().newest()
    assert newest is not None
    assert (newest.version, Rotation.objects.count(), events("vault.rotation.started")) == (1, 0, [])
    assert list(DataKey.objects.order_by("pk").values()) == before


@pytest.mark.smoke
def test_an_interrupted_rotation_is_continued_and_not_begun_again() -> None:
    rows = notes(4)
    begun, _ = rotation.rotation_start(data=False)
    rotation.keys_rewrap(rotation=begun, model=DataKey, after=rotation.FIRST, limit=2)
    assert sorted(DataKey.objects.values_list("kek_version", flat=True)) == [1, 1, 2, 2]
    check(rows)
    assert rotate("--dry-run").startswith("The rotation of ")
    assert "goes on" in rotate("--data")
    assert (set(DataKey.objects.values_list("kek_version", flat=True)), Rotation.objects.count()) == ({2}, 1)
    assert stored_keys() | stored_keys("raw") == live()
    check(rows)


@pytest.mark.parametrize("moment", ["keys", "values"])
def test_a_rotation_that_was_killed_is_continued(place: dict[str, str], moment: str) -> None:
    rows = notes(120, people=60)
    connection.close()
    process = _process(place, "--batch", "1")
    deadline = time.monotonic() + 60
    while not Rotation.objects.filter(**{f"{moment}__gte": 10}).exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    [begun] = Rotation.objects.all()
    assert (begun.finished_at, 10 <= getattr(begun, moment) < {"keys": 61, "values": 240}[moment]) == (None, True)
    check(rows)
    again = _process(place, "--batch", "50")
    out, problem = again.communicate(timeout=120)
    assert (again.returncode, problem) == (0, "")
    assert "goes on" in out
    assert "240 values are sealed again" in out
    [row] = Rotation.objects.all()
    assert (row.pk, row.finished_at is not None, row.values, row.keys >= 61) == (begun.pk, True, 240, True)
    assert set(DataKey.objects.values_list("kek_version", flat=True)) == {2}
    assert stored_keys() | stored_keys("raw") == live()
    check(rows)


def test_others_read_and_write_while_keys_rotate(place: dict[str, str]) -> None:
    rows = notes(60, people=6)
    model = type(rows[0])
    connections.close_all()
    process = _process(place, "--batch", "7")
    written = read = 0
    while process.poll() is None:
        row = rows[written % len(rows)]
        row.text = f"newer {written}"
        transactions.run(partial(row.save, update_fields=["text"]))  # as every service does
        written += 1
        for each in model._default_manager.all()[:10]:
            assert each.text.startswith(("secret", "newer"))
            read += 1
    out, problem = process.communicate()
    assert (process.returncode, problem) == (0, ""), out
    assert (written > 10, read > 100) == (True, True)
    check(rows)
    rotate("--data")
    assert stored_keys() | stored_keys("raw") == live()
    check(rows)


def test_a_shredded_subject_stays_shredded_and_does_not_stop_a_rotation() -> None:
    rows = notes(6, people=2)
    gone = rows[0].person
    assert crypto_shred(gone) == 1
    rotate("--data")
    forget()
    for row in type(rows[0])._default_manager.all():
        if row.person == gone:
            with pytest.raises(Shredded):
                row.text  # noqa: B018  # reading opens
        else:
            assert row.text.startswith("secret")
    assert DataKey.objects.get(subject=str(gone)).version == 1


def test_a_value_that_does_not_open_is_named_and_the_others_are_sealed_again() -> None:
    rows = notes(4)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notes_note SET text = '\\x00' WHERE id = %s", [rows[1].pk])
    with pytest.raises(CommandError, match=rf"1 values do not open: notes_note\.text {rows[1].pk}"):
        rotate("--data")
    check([rows[0], rows[2], rows[3]])
    assert events("vault.rotation.finished")[0]["values"] == 7


def test_a_lost_provider_is_one_line_and_the_rotation_goes_on_later(keys: Any) -> None:
    rows = notes(4)
    rotation.rotation_start(data=True)
    keys.rename(keys.with_name("away"))
    forget()
    with pytest.raises(CommandError, match=r"is not in .*; restore it\. Run the command again to continue\."):
        rotate()
    keys.with_name("away").rename(keys)
    rotate()
    check(rows)
    assert Rotation.objects.get().values == 8


def test_keys_move_from_files_to_an_hsm(tokens: None, settings: Any) -> None:
    rows = notes(4)
    signed = signing.sign("tokens", b"data")
    use_token(settings, "target")
    with pytest.raises(ProviderUnavailable, match="a key is wrapped by the file provider"):
        type(rows[0])._default_manager.get(pk=rows[0].pk).text  # noqa: B018  # reading opens
    with pytest.raises(CommandError, match="a key is wrapped by the file provider"):
        rotate()
    rotate(**{"from": "file"})
    assert {id.partition(":")[0] for id in DataKey.objects.values_list("kek_id", flat=True)} == {"pkcs11"}
    check(rows)
    assert signing.sign("tokens", b"data").kid == signed.kid


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(CommandError, match="--batch must be 1 or more"):
        rotate(batch=0)


def test_the_cache_of_this_process_takes_up_the_new_key() -> None:
    rows = notes(1)
    old = keyring.live("notes", str(rows[0].person)).id
    rotate("--data")
    assert keyring.live("notes", str(rows[0].person)).id != old


def _process(place: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "manage.py", "vault_rotate", "--data", "--verbosity", "0", *arguments]
    environment = os.environ | place
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
