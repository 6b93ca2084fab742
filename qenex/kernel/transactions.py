"""Carrying out a command in one serializable transaction, again where the database says so."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error, NotSupportedError, OperationalError, connection, transaction
from psycopg import Connection, Cursor, sql

from qenex.kernel import idempotency

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
_LOCK = sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE")
_CONFIGURE = sql.SQL("set_config({}, {}, true)")
_rows_ahead: ContextVar[list[tuple[Any, ...]]] = ContextVar("rows_ahead")
_ending: ContextVar[ExitStack | None] = ContextVar("ending", default=None)
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
            with transaction.atomic(durable=True), connection.wrap_database_errors, ExitStack() as ending:
                ending.callback(_ending.reset, _ending.set(ending))
                _begin(locks, configuration, ahead)
                result = idempotency.once(_surrounded(command))
                _commit_unwaited()
            return result
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
    statements = _opening(tuple(locks), int(settings.LOCK_TIMEOUT_MS), tuple(configuration.items()))
    if ahead is not None:
        statements += (ahead,)
    if not statements:
        return
    with _pipeline() as raw:
        cursors = [Cursor(raw).execute(statement) for statement in statements]
    if ahead is not None:
        _rows_ahead.set(cursors[-1].fetchall())


@lru_cache(maxsize=1_024)
def _opening(locks: Sequence[str], timeout_ms: int, configuration: Sequence[tuple[str, str]]) -> tuple[bytes, ...]:
    statements: list[sql.Composed] = []
    if locks:
        statements += [_LOCK_TIMEOUT.format(sql.Literal(timeout_ms))]
        statements += [_LOCK.format(sql.SQL(", ").join(map(sql.Identifier, sorted(set(locks)))))]
    if configuration:
        # Not before the lock: it takes the snapshot.
        pairs = (_CONFIGURE.format(sql.Literal(name), sql.Literal(value)) for name, value in configuration)
        statements.append(sql.SQL("SELECT ") + sql.SQL(", ").join(pairs))
    return tuple(statement.as_bytes(None) for statement in statements)


@contextmanager
def _pipeline() -> Iterator[Connection[Any]]:
    connection.ensure_connection()
    with connection.connection.pipeline():
        yield connection.connection


def _commit_unwaited() -> None:
    """Sends the COMMIT with what is under way, and only then waits; Django finds nothing left to commit."""
    raw = connection.connection
    if raw.info.pipeline_status:
        raw.commit()


def rows_ahead() -> list[tuple[Any, ...]]:
    """What the query found that was sent with the locks of the present command."""
    return _rows_ahead.get()


def wait_no_more() -> None:
    """From here to the end of the present command, the COMMIT included, statements are sent without waiting.

    What fails among them fails the COMMIT. Raises RuntimeError where there is no command.
    """
    ending = _ending.get()
    if ending is None:
        raise RuntimeError("no command is being carried out")
    ending.enter_context(_pipeline())
