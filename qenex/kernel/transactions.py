"""Carrying out a command in one serializable transaction, again where the database says so."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from django.conf import settings
from django.db import Error, NotSupportedError, OperationalError, connection, transaction

from qenex.kernel import idempotency

T = TypeVar("T")

ATTEMPTS = 8
_TRANSIENT_STATES = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
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


def run(command: Callable[[], T], *, locks: Sequence[str] = (), configuration: Mapping[str, str] = NO_SETTINGS) -> T:
    """Runs the command in a durable transaction of its own and returns what it returns.

    `locks` are names of lock tables, taken in order before anything else: `LOCK TABLE` as the first statement takes no
    snapshot, so a serializable transaction that waited for it sees what the earlier holder committed.
    `configuration`: PostgreSQL's settings for this transaction alone.
    A stored answer to the caller's idempotency key is raised as `idempotency.Replayed`; a new one is stored here.
    Raises Busy when the locks or the database cannot be had.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(durable=True):
                _begin(locks, configuration)
                return idempotency.once(command)
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


def _begin(locks: Sequence[str], configuration: Mapping[str, str]) -> None:
    """Sets and locks in one round trip; a process that waits for the lock holds up nobody else."""
    statements = [f"SET LOCAL {name} = {value}" for name, value in configuration.items()]
    if locks:
        names = ", ".join(connection.ops.quote_name(table) for table in sorted(set(locks)))
        statements.append(f"SET LOCAL lock_timeout = {int(settings.LOCK_TIMEOUT_MS)}")
        statements.append(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
    if statements:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statements))
