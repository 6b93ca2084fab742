"""Whoever has all rights in the database changes one thing, and the verification says what and where."""

# ruff: noqa: S608  # the statements are ours
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from django.test import override_settings

from compliance.models import Checkpoint, Cosignature, Leaf, Restoration
from compliance.sealing import guard
from compliance.trail import note
from compliance.verification import TrailReport, verify_trail
from compliance.verification.outside import Known, NotOurs, kept
from ledger import services
from qenex.kernel import events
from qenex.kernel.grants import append_only_tables
from tests.support.ledger import give, make_shop, post
from tests.support.trail import connect, emit, insert, seal, settle

WITNESS, NAME = Ed25519PrivateKey.generate(), "witness.example/w1"
PUBLIC = WITNESS.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
TABLES = sorted(append_only_tables())
CHANGES = {
    "uuid": "gen_random_uuid()",
    "bigint": "coalesce({0}, 0) + 7",
    "integer": "coalesce({0}, 0) + 7",
    "smallint": "coalesce({0}, 0) + 1",
    "character varying": "coalesce({0}, '') || 'x'",
    "text": "coalesce({0}, '') || 'x'",
    "bytea": "set_byte({0}, 0, get_byte({0}, 0) # 1)",
    "timestamp with time zone": "{0} + interval '2 hours'",
    "date": "{0} + 1",
    "numeric": "coalesce({0}, 0) + 0.01",
    "jsonb": """'{{"forged": "1"}}'""",
}
"""Type → what a column of it is changed to."""


FOUND = {
    "compliance_checkpoint": {"checkpoint"},
    "compliance_cosignature": {"cosignature"},
    "compliance_leaf": {"leaf", "event"},
    "compliance_restoration": {"restoration"},
    "compliance_tile": {"tile"},
    "kernel_event": {"event"},
    "ledger_journal": {"journal"},
    "ledger_transfer": {"event", "transfer"},
}
"""Table → the nouns under one of which a change of any of its columns is found."""
EMPTIED = {
    "compliance_checkpoint": "checkpoint",
    "compliance_leaf": "tree",
    "compliance_restoration": "restoration",
    "compliance_tile": "tile",
    "kernel_event": "event",
    "ledger_journal": "journal",
    "ledger_transfer": "event",
}
"""Table → the noun under which it is found that all of it is gone."""


@pytest.fixture(scope="module")
def sealed_books(shared_trail: str) -> Iterator[None]:
    """A book with a journal, more events than fill a tile, checkpoints, a cosignature and a restoration."""
    with override_settings(WITNESSES=[f"{note.vkey(NAME, PUBLIC, note.COSIGNATURE)}=http://127.0.0.1:1"]):
        shop = make_shop(3, funds="100")
        one, two, three = shop.customers
        post(shop.book, give(one, two, 7, reference="R", metadata={"n": 1}), give(two, three, 8))
        services.journal_post(book=shop.book, transfers=[give(one, two, 1), give(one, three, 2)], reference="J-1")
        seal()
        emit(300)
        _resumed()
        seal()
        _cosigned()
        assert verify_trail().differences == []
        yield


def _resumed() -> None:
    """A restoration that happened long ago, as the log tells of it."""
    now = datetime.now(UTC)
    with transaction.atomic():
        data = {"size": 2, "horizon": 1, "reason": "moved"}
        events.emit("compliance.trail.resumed", subject_type="trail", subject_id="x", data=data)
        Restoration.objects.create(position=2, horizon=1, at=now, reason="moved")


def _cosigned() -> None:
    last = Checkpoint.objects.latest("size")
    now = datetime.now(UTC).replace(microsecond=0)
    moment = int(now.timestamp())
    signature = WITNESS.sign(note.cosignature_text(moment, note.parse(last.note).text).encode())
    line = note.cosignature_line(NAME, PUBLIC, moment, signature)
    Cosignature.objects.create(size=last.size, witness=NAME, line=line, at=now)


@contextmanager
def rights(*tables: str) -> Iterator[Any]:
    """The owner's cursor, with the triggers of some tables out of the way; what is done is undone at the end."""
    owner = connections["owner"]
    with owner.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; CREATE TABLE kept_{table} AS TABLE {table}")
        try:
            yield cursor
        finally:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; DELETE FROM {table}")
                cursor.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}; DROP TABLE kept_{table}")
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def forged(table: str, statement: str) -> TrailReport:
    """What is found after a statement, the triggers being on again."""
    with rights(table) as cursor:
        cursor.execute(statement)
        assert cursor.rowcount != 0
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        return verify_trail()


def columns() -> list[tuple[str, str]]:
    """Every column of every table of facts."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    return [
        (table, field.column) for table in TABLES for field in models[table]._meta.local_concrete_fields if field.column
    ]


def told(report: TrailReport) -> list[str]:
    """What was found, without the values."""
    return [f"{each.table} {each.id} {each.what}" for each in report.differences]


@pytest.mark.usefixtures("sealed_books")
def test_a_change_of_any_column_of_any_table_of_facts_is_found_where_it_is() -> None:
    missed = {}
    for table, column in columns():
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT data_type FROM information_schema.columns WHERE table_name = %s AND column_name = %s",
                [table, column],
            )
            [kind] = cursor.fetchone()
        value = CHANGES[kind].format(column)
        report = forged(table, f"UPDATE {table} SET {column} = {value} WHERE ctid = (SELECT max(ctid) FROM {table})")
        if not FOUND[table] & {each.table for each in report.differences}:
            missed[f"{table}.{column}"] = told(report)
    assert missed == {}
    assert verify_trail().differences == []


@pytest.mark.usefixtures("sealed_books")
def test_an_event_that_is_deleted_is_named_with_its_position() -> None:
    leaf = Leaf.objects.get(position=5)
    report = forged("kernel_event", f"DELETE FROM kernel_event WHERE id = '{leaf.event_id}'")
    assert f"event {leaf.event_id} the event at position 5" in told(report)


@pytest.mark.usefixtures("sealed_books")
def test_two_events_that_change_places_are_both_found() -> None:
    swap = "UPDATE compliance_leaf SET position = CASE position WHEN 7 THEN -8 ELSE -7 END WHERE position IN (7, 8)"
    with rights("compliance_leaf") as cursor:
        cursor.execute("ALTER TABLE compliance_leaf DROP CONSTRAINT leaf_position_from_zero")
        cursor.execute(swap)
        cursor.execute("UPDATE compliance_leaf SET position = -position WHERE position < 0")
        cursor.execute("ALTER TABLE compliance_leaf ADD CONSTRAINT leaf_position_from_zero CHECK (position >= 0)")
        cursor.execute("ALTER TABLE compliance_leaf ENABLE TRIGGER USER")
        report = verify_trail()
    assert "tile 0/0 hashes" in told(report)
    assert any(line.startswith("checkpoint") and line.endswith("root") for line in told(report))


@pytest.mark.usefixtures("sealed_books")
def test_bodies_that_change_places_are_both_found() -> None:
    first, second = (Leaf.objects.get(position=at).event_id for at in (7, 8))
    report = forged(
        "kernel_event",
        "UPDATE kernel_event e SET body = o.body FROM kernel_event o "
        f"WHERE (e.id, o.id) IN (('{first}', '{second}'), ('{second}', '{first}'))",
    )
    assert {f"event {id} the hash of its bytes at position {at}" for id, at in ((first, 7), (second, 8))} <= set(
        told(report)
    )


@pytest.mark.usefixtures("sealed_books")
def test_an_event_slipped_in_among_sealed_ones_is_found() -> None:
    id = "01a20651-8740-7f94-b08a-26056cd3cd81"
    report = forged(
        "kernel_event",
        "INSERT INTO kernel_event (id, transaction, recorded_at, type, version, subject_type, subject_id, actor,"
        f" request_id, body) SELECT '{id}', transaction, recorded_at, type, version, subject_type, subject_id, actor,"
        " request_id, body FROM kernel_event WHERE transaction = (SELECT min(transaction) FROM kernel_event) LIMIT 1",
    )
    assert told(report) == [f"event {id} its leaf"]


@pytest.mark.usefixtures("sealed_books")
@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_emptied_is_found(table: str) -> None:
    report = forged(table, f"DELETE FROM {table}")
    if table == "compliance_cosignature":  # that there was one is known to the witness alone
        assert (report.cosignatures, report.count) == (0, 0)
    else:
        assert EMPTIED[table] in {each.table for each in report.differences}


@pytest.mark.usefixtures("sealed_books")
def test_the_newest_events_cannot_be_cut_off_with_all_that_was_made_of_them() -> None:
    """The database agrees with itself; the sealer's own file and a checkpoint that somebody kept do not."""
    size, root = Checkpoint.objects.latest("size").size, bytes(Checkpoint.objects.latest("size").root)
    before = Checkpoint.objects.order_by("size")[0].size
    tables = ("kernel_event", "compliance_leaf", "compliance_checkpoint", "compliance_cosignature", "compliance_tile")
    with rights(*tables, "compliance_restoration") as cursor:
        cursor.execute(
            f"DELETE FROM kernel_event WHERE id IN (SELECT event_id FROM compliance_leaf WHERE position >= {before})"
        )
        cursor.execute(f"DELETE FROM compliance_leaf WHERE position >= {before}")
        cursor.execute(f"DELETE FROM compliance_checkpoint WHERE size > {before}; DELETE FROM compliance_cosignature")
        cursor.execute("DELETE FROM compliance_tile; DELETE FROM compliance_restoration")
        for table in (*tables, "compliance_restoration"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        report = verify_trail(since=[Known("an auditor", size, root)])
    known = {f"tree as {guard.path()} has it size", "tree as an auditor has it size"}
    assert set(told(report)) == known | {f"checkpoint {size} the checkpoint"}


@pytest.mark.usefixtures("sealed_books")
def test_a_trigger_that_is_off_and_a_right_too_many_are_found() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE kernel_event DISABLE TRIGGER append_only")
        cursor.execute(f"GRANT DELETE ON compliance_leaf TO {settings.DATABASES['default']['USER']}")
        try:
            found = told(verify_trail(ledger=False))
        finally:
            cursor.execute("ALTER TABLE kernel_event ENABLE TRIGGER append_only")
            cursor.execute(f"REVOKE DELETE ON compliance_leaf FROM {settings.DATABASES['default']['USER']}")
    writer = settings.DATABASES["default"]["USER"]
    assert set(found) == {
        "table kernel_event the trigger append_only",
        f"table compliance_leaf the right of {writer}",
    }


@pytest.mark.usefixtures("sealed_books")
def test_the_sealer_s_file_set_back_changed_or_gone_is_found(tmp_path: Path) -> None:
    path = guard.path()
    shutil.copy(path, tmp_path / "kept")
    first = Checkpoint.objects.order_by("size")[0]
    kept_guard = guard.read()
    assert kept_guard is not None
    try:
        guard.write(guard.Guard(kept_guard.origin, first.size, bytes(first.root).hex(), kept_guard.cluster))
        assert told(verify_trail(ledger=False)) == [f"file {path} size"]
        guard.write(guard.Guard(kept_guard.origin, kept_guard.size, "00" * 32, kept_guard.cluster))
        assert told(verify_trail(ledger=False)) == [f"tree of {kept_guard.size}, as {path} has it root"]
        path.write_text("{")
        assert told(verify_trail(ledger=False)) == [f"file {path} its content"]
        path.unlink()
        assert told(verify_trail(ledger=False)) == [f"file {path} the file"]
    finally:
        shutil.copy(tmp_path / "kept", path)
    assert verify_trail().differences == []


@pytest.mark.usefixtures("sealed_books")
def test_a_checkpoint_from_outside_counts_only_if_the_log_signed_it(tmp_path: Path) -> None:
    first = Checkpoint.objects.order_by("size")[0]
    path = tmp_path / "old"
    path.write_text(first.note)
    assert verify_trail(since=kept([path]), ledger=False).differences == []
    path.write_text(first.note.replace("localhost", "elsewhere"))
    with pytest.raises(NotOurs):
        kept([path])


@pytest.mark.usefixtures("sealed_books")
def test_an_event_that_waits_for_its_leaf_is_no_difference() -> None:
    with connect() as raw:
        insert(raw)
        raw.commit()
    settle()
    report = verify_trail(ledger=False)
    assert (report.differences, report.unsealed) == ([], 1)
    seal()
