"""Posted facts are closed to the application's role by privilege, and to their owner by trigger."""

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connections, transaction
from django.db.utils import IntegrityError, InternalError

from qenex.kernel import grants

CHANGES = ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"]
FACTS = ["kernel_event", "ledger_transfer", "ledger_journal"]
SEALED = [f"compliance_{name}" for name in ("leaf", "tile", "checkpoint", "cosignature", "restoration")]
"""They have keys of their own; tests/compliance/sealing tries to change them."""


def _refusal(alias: str, statement: str) -> str:
    with (
        pytest.raises((ProgrammingError, InternalError, IntegrityError)) as refused,
        transaction.atomic(alias),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute(statement)
    return str(refused.value).splitlines()[0]


def test_the_tables_of_posted_facts_are_known() -> None:
    assert grants.append_only_tables() == {*FACTS, *SEALED}


@pytest.mark.parametrize("table", FACTS)
@pytest.mark.parametrize("change", CHANGES)
def test_the_writer_may_not_change_a_fact(database: None, table: str, change: str) -> None:
    assert _refusal("default", change.format(table)) == f"permission denied for table {table}"


@pytest.mark.parametrize("table", FACTS)
@pytest.mark.parametrize("change", CHANGES)
def test_the_owner_is_refused_by_a_trigger(database: None, table: str, change: str) -> None:
    operation = change.split()[0]
    assert _refusal("owner", change.format(table)) == f"{table} is append-only: {operation} is refused"


def test_the_writer_may_not_touch_the_record_of_migrations(database: None) -> None:
    assert _refusal("default", "DELETE FROM django_migrations") == "permission denied for table django_migrations"


def test_the_reader_may_not_write(database: None) -> None:
    assert _refusal("reader", "DELETE FROM kernel_cursor").startswith("cannot execute DELETE in a read-only")
    statement = "SET TRANSACTION READ WRITE; DELETE FROM kernel_cursor"
    assert _refusal("reader", statement) == "permission denied for table kernel_cursor"


def test_grants_are_complete_and_may_be_repeated(database: None) -> None:
    query = (
        "SELECT c.relname, array_agg(g.privilege_type::text ORDER BY g.privilege_type::text) FROM pg_class c"
        " JOIN information_schema.role_table_grants g ON g.table_name = c.relname"
        " WHERE g.grantee = 'qenex_writer' GROUP BY c.relname"
    )

    def rights() -> dict[str, list[str]]:
        with connections["owner"].cursor() as cursor:
            cursor.execute(query)
            return dict(cursor.fetchall())

    before = rights()
    with transaction.atomic("owner"):
        assert grants.apply(connections["owner"]) == ["qenex_reader", "qenex_writer"]
    assert rights() == before
    assert before["kernel_event"] == ["INSERT", "SELECT"]
    assert before["kernel_cursor"] == ["DELETE", "INSERT", "SELECT", "UPDATE"]
    assert before["access_approval"] == ["INSERT", "SELECT", "UPDATE"]
    assert before["ledger_lock_00"] == ["DELETE", "INSERT", "SELECT", "UPDATE"]
    assert before["django_migrations"] == ["SELECT"]


def test_migrate_works_as_the_owner_and_says_whom_it_served(database: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("migrate", verbosity=1)
    assert capsys.readouterr().out.splitlines()[-1] == "Granted rights to qenex_reader, qenex_writer."


def test_migrate_grants_nothing_when_only_asked_for_the_plan(
    database: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("migrate", plan=True)
    assert "Granted" not in capsys.readouterr().out
