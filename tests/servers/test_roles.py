"""What the three roles may do, and at which isolation level they do it, on whatever server the run uses."""

import pytest
from django.db import connections, transaction
from django.db.utils import DatabaseError, ProgrammingError

pytestmark = [pytest.mark.smoke, pytest.mark.usefixtures("database")]


def fetch(alias: str, query: str) -> object:
    with connections[alias].cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    return row[0] if row else None


@pytest.mark.parametrize(
    ("alias", "role", "isolation"),
    [("default", "qenex_writer", "serializable"), ("reader", "qenex_reader", "repeatable read")],
)
def test_the_isolation_level_holds_inside_and_outside_transactions(alias: str, role: str, isolation: str) -> None:
    assert fetch(alias, "SELECT current_user") == role
    assert fetch(alias, "SHOW transaction_isolation") == isolation
    with transaction.atomic(using=alias):
        assert fetch(alias, "SHOW transaction_isolation") == isolation


def test_the_owner_owns_the_tables_and_the_application_does_not() -> None:
    query = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    with connections["owner"].cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchall() == [("qenex_owner",)]


@pytest.mark.parametrize(
    ("alias", "refusal"),
    [("default", "permission denied for schema public"), ("reader", "cannot execute CREATE TABLE in a read-only")],
)
def test_the_application_cannot_change_the_schema(alias: str, refusal: str) -> None:
    with pytest.raises(DatabaseError, match=refusal):
        fetch(alias, "CREATE TABLE public.intruder (id int)")


def test_the_reader_cannot_write() -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), connections["reader"].cursor() as cursor:
        cursor.execute("SET transaction_read_only = off; DELETE FROM auth_user")
