"""Statements that are sent together arrive one after the other, and leave a connection as psycopg knows it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from qenex.kernel import trips
from qenex.kernel.trips import Statement

pytestmark = pytest.mark.smoke
COPY = b"COPY made_up FROM STDIN"


@pytest.fixture
def raw(database: None) -> Iterator[Any]:
    """A connection within a transaction, which is undone."""
    with transaction.atomic():
        connection.cursor().execute("CREATE TEMPORARY TABLE made_up (number int) ON COMMIT DROP")
        yield connection.connection
        transaction.set_rollback(True)


def numbers(raw: Any) -> list[int]:
    return [number for (number,) in raw.execute("SELECT number FROM made_up ORDER BY number")]


def test_a_script_gives_the_rows_of_its_last_statement(raw: Any) -> None:
    assert trips.script(raw, b"SELECT 1; SELECT 2, 'two'") == [(2, "two")]
    assert trips.script(raw, b"SELECT 1; INSERT INTO made_up VALUES (7)") == []
    assert numbers(raw) == [7]


def test_a_script_ends_where_it_fails(raw: Any) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        trips.script(raw, b"SAVEPOINT here; SELECT 1 / 0; INSERT INTO made_up VALUES (7)")
    raw.execute("ROLLBACK TO here")
    assert numbers(raw) == []


def test_statements_have_their_parameters(raw: Any) -> None:
    insert = b"INSERT INTO made_up VALUES ($1), ($2)"
    trips.together(raw, [Statement(insert, (1, None)), Statement(b"DELETE FROM made_up WHERE number IS NULL")])
    assert numbers(raw) == [1]


def test_the_first_failure_is_told_and_nothing_after_it_is_done(raw: Any) -> None:
    raw.execute("SAVEPOINT here")
    insert = Statement(b"INSERT INTO made_up VALUES (1)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        trips.together(raw, [insert, Statement(b"SELECT 1 / 0"), Statement(b"SELECT nothing"), insert, trips.COMMIT])
    raw.execute("ROLLBACK TO here")
    assert numbers(raw) == []


def test_what_cannot_be_sent_is_not_begun(raw: Any) -> None:
    with pytest.raises(psycopg.ProgrammingError):
        trips.together(raw, [Statement(b"INSERT INTO made_up VALUES (1)"), Statement(b"SELECT $1", (object(),))])
    assert numbers(raw) == []


def test_chunks_are_copied(raw: Any) -> None:
    trips.copy(raw, COPY, iter([b"1\n2", b"", b"3\n"]), b"4\n")
    assert numbers(raw) == [1, 4, 23]


def test_what_the_server_does_not_take_in_is_told(raw: Any) -> None:
    raw.execute("SAVEPOINT here")
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        trips.copy(raw, COPY, [b"one\n"])
    raw.execute("ROLLBACK TO here")
    assert numbers(raw) == []


def test_where_a_chunk_cannot_be_made_nothing_is_copied(raw: Any) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"1\n"
        raise LookupError("no more")

    raw.execute("SAVEPOINT here")
    with pytest.raises(LookupError, match="no more"):
        trips.copy(raw, COPY, chunks())
    raw.execute("ROLLBACK TO here")
    assert numbers(raw) == []


def test_a_wait_that_is_broken_off_ends_the_connection(raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(raw), "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trips.together(raw, [Statement(b"SELECT 1")])
    monkeypatch.undo()
    assert raw.closed
    connection.close()
