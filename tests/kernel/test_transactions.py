"""Commands are repeated where that is safe, and only there."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, connections, transaction

from qenex.kernel import clock, idempotency, transactions
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Cursor, IdempotencyKey
from qenex.kernel.trips import Statement
from tests.support.threads import together

pytestmark = pytest.mark.smoke
MEMORY = {"work_mem": "7MB"}


def _make(name: str) -> None:
    Cursor.objects.create(name=name, transaction=0, event_id=uuid7(), updated_at=clock.now())


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between tries."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def _raise_state(state: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{state}'; END $$")


@pytest.mark.parametrize("state", ["40001", "40P01", "53200", "57P01", "08006"])
def test_a_transient_error_is_tried_again(database: None, state: str) -> None:
    tries: list[int] = []

    def command() -> str:
        tries.append(len(tries))
        if len(tries) < 3:
            _raise_state(state)
        return "done"

    assert transactions.run(command) == "done"
    assert tries == [0, 1, 2]


def test_the_last_try_says_that_it_is_busy(database: None) -> None:
    tries: list[int] = []

    def command() -> None:
        tries.append(1)
        _raise_state("40001")

    with pytest.raises(transactions.Busy, match="could not carry out the command"):
        transactions.run(command)
    assert len(tries) == transactions.ATTEMPTS


@pytest.mark.parametrize(
    ("state", "kind"), [("22003", DataError), ("23514", IntegrityError), ("23505", IntegrityError)]
)
def test_any_other_error_is_raised_at_once(database: None, state: str, kind: type[Exception]) -> None:
    tries: list[int] = []

    def command() -> None:
        tries.append(1)
        _raise_state(state)

    with pytest.raises(kind, match="made up"):
        transactions.run(command)
    assert tries == [1]


def test_a_lost_connection_is_replaced(database: None) -> None:
    tries: list[int] = []

    def command() -> int:
        tries.append(1)
        with connection.cursor() as cursor:
            if len(tries) == 1:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            cursor.execute("SELECT 7")
            (answer,) = cursor.fetchone()
        return int(answer)

    assert transactions.run(command) == 7
    assert len(tries) == 2


def test_a_command_is_serializable(database: None) -> None:
    def command() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_isolation')")
            return cursor.fetchone()

    assert transactions.run(command) == ("serializable",)


def test_concurrent_counts_lose_nothing(database: None) -> None:
    name = str(uuid7())
    Cursor.objects.create(name=name, transaction=0, event_id=uuid7(), updated_at="2031-01-01T00:00:00Z")

    def add(_: int) -> None:
        def command() -> None:
            row = Cursor.objects.get(name=name)
            Cursor.objects.filter(name=name).update(transaction=row.transaction + 1)

        for _ in range(5):
            transactions.run(command, locks=["ledger_lock_07"])

    together(4, add)
    assert Cursor.objects.get(name=name).transaction == 20


def test_a_lock_that_is_not_to_be_had_is_busy(database: None, settings: Any) -> None:
    settings.LOCK_TIMEOUT_MS = 50
    with transaction.atomic("owner"):
        with connections["owner"].cursor() as cursor:
            cursor.execute("LOCK TABLE ledger_lock_09 IN EXCLUSIVE MODE")
        with pytest.raises(transactions.Busy, match="the book is busy"):
            transactions.run(lambda: None, locks=["ledger_lock_09", "ledger_lock_08"])


def test_a_command_is_not_nested(database: None) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        transactions.run(lambda: None)


def test_locks_take_no_snapshot(database: None) -> None:
    """What the lock's last holder committed is seen by who waited for it, without a retry."""
    key = str(uuid7())
    tries: list[int] = []

    def act(number: int) -> bool:
        def command() -> bool:
            tries.append(number)
            known = IdempotencyKey.objects.filter(actor="x", key=key).exists()
            if not known:
                IdempotencyKey.objects.create(
                    actor="x", key=key, fingerprint=b"", status=1, body=b"", created_at="2031-01-01T00:00:00Z"
                )
            return known

        return transactions.run(command, locks=["ledger_lock_11"])

    assert sorted(together(4, act)) == [False, True, True, True]
    assert len(tries) == 4


def test_errors_without_a_cause_are_lost_connections() -> None:
    assert transactions.is_transient(OperationalError("gone")) is True
    assert transactions.is_transient(DataError("x")) is False


def test_what_is_asked_ahead_is_found_by_the_command(database: None) -> None:
    ahead = b"SELECT current_setting('work_mem'), 'found'"
    found = transactions.run(transactions.rows_ahead, locks=["kernel_cursor"], configuration=MEMORY, ahead=ahead)
    assert found == [("7MB", "found")]


def renaming(name: str) -> Statement:
    return Statement(b"UPDATE kernel_cursor SET name = name || '!' WHERE name = $1", (name,))


def test_what_fails_at_the_end_fails_the_command_and_leaves_a_usable_connection(database: None) -> None:
    name = f"concluded-{uuid7()}"

    def command() -> None:
        _make(name)
        transactions.conclude([Statement(b"SELECT 1 / (length($1) - length($1))", (name,)), Statement(b"SELECT 1")])

    with pytest.raises(DataError, match="division by zero"):
        transactions.run(command)
    assert not connection.connection.info.pipeline_status
    assert not Cursor.objects.filter(name=name).exists()
    transactions.run(lambda: _make(name))
    assert Cursor.objects.filter(name=name).exists()


def test_what_is_left_for_the_end_is_committed(database: None) -> None:
    name, told = f"concluded-{uuid7()}", []

    def command() -> str:
        _make(name)
        transactions.conclude([renaming(name)])
        transaction.on_commit(lambda: told.append(Cursor.objects.filter(name=f"{name}!").exists()))
        return "done"

    assert transactions.run(command) == "done"
    assert told == [True]


@pytest.mark.parametrize("fails", [False, True])
def test_what_surrounds_a_command_comes_after_its_end_and_stands_or_falls_with_it(database: None, fails: bool) -> None:
    name, seen = f"concluded-{uuid7()}", []

    def carry_out(command: Callable[[], None]) -> None:
        command()
        seen.append(Cursor.objects.filter(name=f"{name}!").exists())
        if fails:
            raise ValueError("no")

    def command() -> None:
        _make(name)
        transactions.conclude([renaming(name)])

    with transactions.around(carry_out), pytest.raises(ValueError, match="no") if fails else nullcontext():
        transactions.run(command)
    assert seen == [True]
    assert Cursor.objects.filter(name=f"{name}!").exists() is not fails


def test_the_stored_answer_stands_or_falls_with_what_is_left_for_the_end(database: None) -> None:
    name = f"concluded-{uuid7()}"
    request = idempotency.Request("x", str(uuid7()), b"", lambda result: _fail())

    def command() -> None:
        _make(name)
        transactions.conclude([renaming(name)])

    with idempotency.answering(request), pytest.raises(ValueError, match="no"):
        transactions.run(command)
    assert not Cursor.objects.filter(name__startswith=name).exists()


def _fail() -> idempotency.Answer:
    raise ValueError("no")


@pytest.mark.parametrize(
    "failing",
    [
        b"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '40001'; END $$",
        b"SELECT pg_terminate_backend(pg_backend_pid())",
    ],
)
def test_a_failure_at_the_end_that_is_transient_is_tried_again(database: None, failing: bytes) -> None:
    tries: list[int] = []

    def command() -> None:
        tries.append(1)
        transactions.conclude([Statement(failing if len(tries) == 1 else b"SELECT 1")])

    transactions.run(command)
    assert len(tries) == 2
    assert transactions.run(Cursor.objects.exists) in (True, False)


def test_only_a_command_leaves_something_for_its_end(database: None) -> None:
    transactions.run(lambda: None)
    with pytest.raises(RuntimeError, match="no command"):
        transactions.conclude([])
