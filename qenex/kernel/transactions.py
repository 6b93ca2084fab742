"""Carrying out a command in one serializable transaction, again where the database says so."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error, NotSupportedError, OperationalError, connection, transaction
from psycopg import IsolationLevel, sql

from qenex.kernel import idempotency
from qenex.kernel.trips import COMMIT, Raw, Rows, Statement, script, together

T = TypeVar("T")

ATTEMPTS = 8
_TRANSIENT_STATES = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
        "53200",  # no room for predicate locks while others are at work
        "57P01",  # administrator shut the server down
        "57P02",  # crash of another backend
        "57P03",  # server starting up
        "25006",  # read-only: the connection reached a standby
    }
)


class Busy(Exception):
    """The book's lock was not to be had in time, or the database was away for longer than the retries lasted."""


def sql_state(error: BaseException) -> str | None:
    """PostgreSQL's error code behind a Django database error; none where the connection itself was lost."""
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    return state


def is_transient(error: Error) -> bool:
    """Whether the same command may succeed on another try: nothing was committed, or a repetition finds what was."""
    state = sql_state(error)
    if state is None:
        return isinstance(error, OperationalError)
    if state == "23505":  # a concurrent request with the same key committed first: its answer is found on the next try
        return "idempotency_key_once" in str(error)
    # A standby just before promotion refuses serializable transactions with 0A000.
    return (
        state in _TRANSIENT_STATES
        or state.startswith("08")
        or (state == "0A000" and isinstance(error, NotSupportedError))
    )


NO_SETTINGS: Mapping[str, str] = {}
_LOCK_TIMEOUT = sql.SQL("SET LOCAL lock_timeout = {}")
_CONFIGURE = sql.SQL("SET LOCAL {} = {}")
_LOCK = sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE")
_rows_ahead: ContextVar[Rows] = ContextVar("rows_ahead")
_ending: ContextVar[list[Statement] | None] = ContextVar("ending", default=None)
Around = Callable[[Callable[[], Any]], Any]
"""Is given a command, carries it out, and returns what it returned."""
_around: ContextVar[Around | None] = ContextVar("around", default=None)


@contextmanager
def around(carry_out: Around) -> Iterator[None]:
    """Lets `carry_out` carry out the block's command in its transaction: what it writes stands or falls with it."""
    token = _around.set(carry_out)
    try:
        yield
    finally:
        _around.reset(token)


def run(
    command: Callable[[], T],
    *,
    locks: Sequence[str] = (),
    configuration: Mapping[str, str] = NO_SETTINGS,
    ahead: bytes | None = None,
) -> T:
    """Runs the command in a durable transaction of its own and returns what it returns.

    `locks` are names of lock tables, taken in order before anything else: `LOCK TABLE` as the first statement takes no
    snapshot, so a serializable transaction that waited for it sees what the earlier holder committed.
    `configuration`: PostgreSQL's settings for this transaction alone.
    `ahead`: the query whose rows the command asks for first, by `rows_ahead`: it goes out with the locks.
    A stored answer to the caller's idempotency key is raised as `idempotency.Replayed`; a new one is stored here.
    Raises Busy when the locks or the database cannot be had.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(durable=True), connection.wrap_database_errors:
                _begin(locks, configuration, ahead)
                return idempotency.once(_surrounded(partial(_concluded, command)))
        except Error as error:
            if sql_state(error) == "55P03":
                raise Busy("the book is busy; try again") from error
            if not is_transient(error):
                raise
            if attempt == ATTEMPTS:
                raise Busy("the database could not carry out the command; try again") from error
            if sql_state(error) is None:
                connection.close()
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  # jitter, not a secret
    raise AssertionError("unreachable: the last attempt returns or raises")


def _surrounded(command: Callable[[], T]) -> Callable[[], T]:
    carry_out = _around.get()
    return command if carry_out is None else partial(carry_out, command)


def _begin(locks: Sequence[str], configuration: Mapping[str, str], ahead: bytes | None) -> None:
    """Begins, locks, sets and reads ahead in one round trip; who waits for the lock holds up nobody else."""
    if not (locks or configuration or ahead):
        return
    connection.ensure_connection()
    raw: Raw = connection.connection
    opening = _opening(
        raw.isolation_level, tuple(locks), int(settings.LOCK_TIMEOUT_MS), tuple(configuration.items()), ahead
    )
    _rows_ahead.set(script(raw, opening))


@lru_cache(maxsize=1_024)
def _opening(
    isolation: IsolationLevel | None,
    locks: Sequence[str],
    timeout_ms: int,
    configuration: Sequence[tuple[str, str]],
    ahead: bytes | None,
) -> bytes:
    statements: list[sql.Composable] = [_begin_at(isolation)]
    # Neither settings nor locks take the snapshot: what is asked ahead does, and sees what the lock was waited for.
    statements += [_CONFIGURE.format(sql.Identifier(name), sql.Literal(value)) for name, value in configuration]
    if locks:
        statements += [_LOCK_TIMEOUT.format(sql.Literal(timeout_ms))]
        statements += [_LOCK.format(sql.SQL(", ").join(map(sql.Identifier, sorted(set(locks)))))]
    return b"; ".join([*(statement.as_bytes(None) for statement in statements), *([ahead] if ahead else [])])


def _begin_at(isolation: IsolationLevel | None) -> sql.Composable:
    level = "" if isolation is None else f" ISOLATION LEVEL {isolation.name.replace('_', ' ')}"
    return sql.SQL(f"BEGIN{level}")


def rows_ahead() -> Rows:
    """What the query found that was sent with the locks of the present command."""
    return _rows_ahead.get()


def conclude(statements: Sequence[Statement]) -> None:
    """Has these sent when the present command has returned, in one round trip with the COMMIT if nothing follows.

    What fails among them fails the command. Raises RuntimeError where there is no command.
    """
    ending = _ending.get()
    if ending is None:
        raise RuntimeError("no command is being carried out")
    ending += statements


def _concluded(command: Callable[[], T]) -> T:
    """Carries out the command, and sends what it has left to be sent; the COMMIT only where the command is all."""
    ending: list[Statement] = []
    token = _ending.set(ending)
    try:
        result = command()
    finally:
        _ending.reset(token)
    if ending:
        alone = _around.get() is None and not idempotency.awaited()
        # Django finds nothing left to commit.
        together(connection.connection, [*ending, COMMIT] if alone else ending)
    return result
