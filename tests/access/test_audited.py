"""No audited table is changed by a transaction that has written no event, whoever sends which statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from ledger.models import Asset, Book
from qenex.access import people
from qenex.access.mfa import enrolment
from qenex.access.models import BookScope, Passkey, PasskeyAttestation, Person
from qenex.kernel import audited, clock, events
from qenex.kernel.ids import uuid7
from qenex.vault import rollover, rotation
from tests.access.walk.world import World
from tests.support.ledger import make_asset, make_book
from tests.support.marked import marked
from tests.support.people import make_user, with_app

TABLES = audited.tables()
REFUSED = "{} is audited: {} without an event in its transaction is refused"
_COLUMNS = "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE contype IN ('c', 'f') AND (conrelid = %s::regclass OR confrelid = %s::regclass)
"""
_ZERO, _ONE = f"'{UUID(int=0)}'", f"'{UUID(int=1)}'"
_TWO = {
    "boolean": ("true", "false"),
    "bytea": ("'\\x00'", "'\\x01'"),
    "timestamp with time zone": ("'2020-01-01Z'", "'2020-01-02Z'"),
    "date": ("'2020-01-01'", "'2020-01-02'"),
    "interval": ("'1 hour'", "'2 hours'"),
    "uuid": (_ZERO, _ONE),
    "uuid[]": ("'{}'", f"ARRAY[{_ONE}]::uuid[]"),
    "jsonb": ("'[1]'", "'[2]'"),
    "inet": ("'10.0.0.1'", "'10.0.0.2'"),
    "character varying[]": ("'{}'", "'{a}'"),
    **dict.fromkeys(("numeric", "bigint", "integer", "smallint"), ("-1", "-2")),
}
"""Type of a column → two values."""


def _other(types: dict[str, str], column: str) -> str:
    """A value that the column does not have."""
    one, two = _TWO.get(types[column], ("'a'", "'b'"))
    kind = types[column]
    return f'CASE WHEN "{column}" IS NOT DISTINCT FROM {one}::{kind} THEN {two}::{kind} ELSE {one}::{kind} END'


@pytest.fixture(scope="module", autouse=True)
def rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Every audited table gets a row."""
    with django_db_blocker.unblock():
        world = World()
        person = make_user(roles=("teller",), permissions=("kernel.view_event",), books=(world.book.pk,))
        enrolment.recovery_codes_make(user=person)
        with_app(person)
        people.user_create(user=User(username=f"u{uuid7().hex}", password="x"))
        rollover.make_first("tokens")
        rotation.rotation_start(data=False)
        with marked():
            passkey = Passkey.objects.create(
                user=person, credential_id=uuid7().bytes, public_key=b"k", aaguid=uuid7(), confirmed=True
            )
            PasskeyAttestation.objects.create(credential=passkey, fmt="none", data=b"", client_data_json=b"")
        yield


@contextmanager
def unmarked() -> Iterator[CursorWrapper]:
    """A transaction of the owner without an event; what it does is undone."""
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        yield cursor
        transaction.set_rollback(True, using="owner")


def _refusal(cursor: CursorWrapper, statement: str) -> str:
    """What is said to the statement, at once or at the COMMIT."""
    with pytest.raises(DatabaseError) as refused, transaction.atomic("owner"):
        cursor.execute(f"{statement}; SET CONSTRAINTS ALL IMMEDIATE")
    return str(refused.value).splitlines()[0]


def _alone(cursor: CursorWrapper, table: str) -> None:
    """Takes away what else would speak up: constraints, and the triggers that freeze facts."""
    cursor.execute(_CONSTRAINTS, [table, table])
    for other, name in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {other} DROP CONSTRAINT "{name}"')
    _watch(cursor, table, on=False)
    _watch(cursor, table, on=True)


def _watch(cursor: CursorWrapper, table: str, *, on: bool) -> None:
    for name in TABLES[table].triggers() if on else ["USER"]:
        cursor.execute(f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} TRIGGER {name}")


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_changed_deleted_or_added_by_raw_sql_without_an_event(database: None, table: str) -> None:
    one = f"ctid = (SELECT ctid FROM {table} LIMIT 1)"  # noqa: S608  # our own words
    with unmarked() as cursor:
        _alone(cursor, table)
        cursor.execute(_COLUMNS, [table])
        types = dict(cursor.fetchall())
        for column in TABLES[table].columns:
            value = _other(types, column)
            said = _refusal(cursor, f'UPDATE {table} SET "{column}" = {value} WHERE {one}')  # noqa: S608  # names of ours
            assert said == REFUSED.format(table, "UPDATE"), column
        assert _refusal(cursor, f"DELETE FROM {table} WHERE {one}") == REFUSED.format(table, "DELETE")  # noqa: S608  # names of ours
        assert _refusal(cursor, f"TRUNCATE {table}") == REFUSED.format(table, "TRUNCATE")
        _watch(cursor, table, on=False)
        cursor.execute(f"CREATE TEMPORARY TABLE copied ON COMMIT DROP AS SELECT * FROM {table} WHERE {one}")  # noqa: S608  # names of ours
        cursor.execute(f"DELETE FROM {table} WHERE {one}")  # noqa: S608  # names of ours
        assert cursor.rowcount == 1
        _watch(cursor, table, on=True)
        added = f"INSERT INTO {table} SELECT * FROM copied"  # noqa: S608  # names of ours
        assert _refusal(cursor, added) == REFUSED.format(table, "INSERT")


@pytest.mark.parametrize("table", [name for name, each in TABLES.items() if each.ignored])
def test_columns_that_mean_nothing_are_free(database: None, table: str) -> None:
    with unmarked() as cursor:
        _alone(cursor, table)
        cursor.execute(_COLUMNS, [table])
        types = dict(cursor.fetchall())
        for column in TABLES[table].ignored:
            value = _other(types, column)
            one = f"ctid = (SELECT ctid FROM {table} LIMIT 1)"  # noqa: S608  # our own words
            cursor.execute(f'UPDATE {table} SET "{column}" = {value} WHERE {one}')  # noqa: S608  # names of ours
            assert cursor.rowcount == 1
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_every_table_has_just_its_triggers(database: None) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgfoid = 'kernel_demand_event'::regproc AND t.tgenabled = 'O'"
        )
        assert set(cursor.fetchall()) == {(table, name) for table in TABLES for name in TABLES[table].triggers()}


@contextmanager
def _refused(table: str, operation: str) -> Iterator[None]:
    with pytest.raises(IntegrityError, match=REFUSED.format(table, operation)), transaction.atomic():
        yield


def test_the_application_is_told_at_the_commit(database: None) -> None:
    person, book = make_user(), make_book()
    with _refused("auth_user", "UPDATE"):
        User.objects.filter(pk=person.pk).update(is_superuser=True)
    with _refused("access_bookscope", "INSERT"):
        BookScope.objects.bulk_create([BookScope(user=person, book_id=book.pk)])
    with _refused("auth_user_groups", "INSERT"):
        person.groups.add(Group.objects.get(name="administrator"))
    with _refused("ledger_asset", "INSERT"):
        Asset.objects.create(code=f"A{uuid7().hex[:20]}", name="x", places=2, created_at=clock.now())
    with _refused("ledger_book", "UPDATE"), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_book SET status = 'closed' WHERE id = %s", [book.pk])
    person.refresh_from_db()
    assert (person.is_superuser, person.groups.count(), BookScope.objects.filter(user=person).count()) == (False, 0, 0)
    assert Book.objects.get(pk=book.pk).status == "open"


def test_an_event_may_come_after_the_change_and_counts_for_its_own_transaction_alone(database: None) -> None:
    asset = make_asset()
    with transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(name="first")
        events.emit("test.noted", subject_type="asset", subject_id=asset.pk)
    with _refused("ledger_asset", "UPDATE"):
        Asset.objects.filter(pk=asset.pk).update(name="second")
    assert Asset.objects.get(pk=asset.pk).name == "first"


def test_an_event_that_is_undone_does_not_count(database: None) -> None:
    asset = make_asset()
    with _refused("ledger_asset", "UPDATE"):
        with transaction.atomic():
            events.emit("test.noted", subject_type="asset", subject_id=asset.pk)
            transaction.set_rollback(True)
        Asset.objects.filter(pk=asset.pk).update(name="second")
    with marked():
        with transaction.atomic():
            Asset.objects.filter(pk=asset.pk).update(name="undone")
            transaction.set_rollback(True)
        Asset.objects.filter(pk=asset.pk).update(name="third")
    assert Asset.objects.get(pk=asset.pk).name == "third"


def test_a_session_cannot_mark_its_later_transactions(database: None) -> None:
    asset = make_asset()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('qenex.emitted', pg_current_xact_id()::text, false)")
    try:
        with _refused("ledger_asset", "UPDATE"):
            Asset.objects.filter(pk=asset.pk).update(name="second")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET qenex.emitted")


def test_every_model_says_whether_it_is_audited() -> None:
    assert audited.undecided() == []
    assert audited.tables().keys() & audited.exceptions().keys() == set()
    assert {len(reason) > 10 for reason in audited.exceptions().values()} == {True}


def test_a_column_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(LookupError, match="Person has no column nowhere"):
        audited._of(Person, {"nowhere": "x"}, at_once=False)


def test_the_triggers_are_made_once_and_again_where_one_was_removed_or_changed(database: None) -> None:
    def install() -> list[str]:
        with transaction.atomic("owner"):
            return audited.install(connections["owner"])

    assert install() == []
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP TRIGGER audited ON ledger_asset")
        cursor.execute("COMMENT ON TRIGGER audited ON ledger_book IS 'of yesterday'")
        cursor.execute(
            "CREATE TRIGGER audited AFTER DELETE ON django_session FOR EACH STATEMENT"
            " EXECUTE FUNCTION kernel_demand_event()"
        )
    assert install() == ["django_session", "ledger_asset", "ledger_book"]
    assert install() == []


def test_the_migration_can_be_undone_and_done_again(database: None) -> None:
    def migrate(name: str) -> int:
        with connections["owner"].cursor() as cursor:
            MigrationExecutor(connections["owner"]).migrate([("kernel", name)])
            audited.install(connections["owner"])
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audited%%'")
            return int(cursor.fetchone()[0])

    before = migrate("0002_mark")
    with transaction.atomic("owner"):
        assert migrate("0001_initial") == 0
        transaction.set_rollback(True, using="owner")
    assert migrate("0002_mark") == before == sum(len(each.triggers()) for each in TABLES.values())
