"""Many statements in one round trip, by libpq itself.

psycopg's cursors and its pipeline send the same, and spend several times as long on it: for what every batch sends. The
connection is one of psycopg's, whose other users find it as if it had sent the statements itself.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from socket import AF_UNIX, SO_SNDBUF, SOL_SOCKET, socket
from typing import Any, NamedTuple

from psycopg import Connection, Error, adapters, pq
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import copy_end, copy_to, execute, fetch_many, send
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

Raw = Connection[Any]
Rows = list[tuple[Any, ...]]
_ROOM = 2**20
"""Bytes; the system grants what its limit allows."""
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class Statement(NamedTuple):
    """A statement, and the values of its parameters `$1`, `$2` and so on."""

    query: bytes
    values: Sequence[Any] = ()


COMMIT = Statement(b"COMMIT")
ADAPTERS = AdaptersMap(adapters)
"""What values may be. Who has types of his own registers how they are dumped."""


class _Context(NamedTuple):
    """What psycopg asks for: see its AdaptContext."""

    adapters: AdaptersMap
    connection: Raw


def script(raw: Raw, statements: bytes) -> Rows:
    """Carries out statements without parameters, parted by semicolons; the rows of the last. Raises psycopg.Error."""
    raw.pgconn.send_query(statements)
    results = raw.wait(execute(raw.pgconn))
    _check(raw, results)
    transformer = Transformer(raw)
    transformer.set_pgresult(results[-1])
    return transformer.load_rows(0, results[-1].ntuples, tuple)


def copy(raw: Raw, statement: bytes, chunks: Iterable[bytes], trailer: bytes = b"") -> None:
    """Carries out a COPY FROM STDIN: the server takes in some chunks while others are being made. Raises psycopg.Error.

    What the socket does not take at once is kept until it does: whoever waited for room would be woken when the server
    had almost caught up, and let it wait in turn. Where making a chunk fails, the COPY does.
    """
    script(raw, statement)
    connection = raw.pgconn
    _widen(connection.socket)
    try:
        for chunk in chunks:
            raw.wait(copy_to(connection, chunk, flush=False))
            connection.flush()
        raw.wait(copy_to(connection, trailer, flush=False))
    except Exception:  # whatever it is, nothing else can be sent before the COPY has ended
        with suppress(Error):  # the server tells what it was told
            raw.wait(copy_end(connection, b"what was to be copied could not be made"))
        raise
    raw.wait(copy_end(connection, None))


def _widen(descriptor: int) -> None:
    """Lets a socket of this machine hold as much as the system allows; TCP finds the best by itself."""
    with socket(fileno=os.dup(descriptor)) as end:
        if end.family == AF_UNIX:
            end.setsockopt(SOL_SOCKET, SO_SNDBUF, _ROOM)


def together(raw: Raw, statements: Sequence[Statement]) -> None:
    """Sends all of the statements and then waits. Raises psycopg.Error, the first one's that fails."""
    transformer = Transformer(_Context(ADAPTERS, raw))
    sendable = [_dumped(transformer, statement) for statement in statements]
    try:
        results = _sent(raw, sendable)
    except BaseException:
        raw.close()  # nobody knows what would be answered next
        raise
    _check(raw, results)


_Sendable = tuple[bytes, Sequence[Any], Sequence[int], Sequence[pq.Format]]


def _dumped(transformer: Any, statement: Statement) -> _Sendable:
    query, values = statement
    if not values:
        return query, (), (), ()
    dumped = transformer.dump_sequence(values, [PyFormat.BINARY] * len(values))
    return query, dumped, transformer.types or (), transformer.formats or ()


def _sent(raw: Raw, statements: Sequence[_Sendable]) -> list[PGresult]:
    connection = raw.pgconn
    connection.enter_pipeline_mode()
    for query, values, types, formats in statements:
        connection.send_query_params(query, values, types, formats)
    connection.pipeline_sync()
    results: list[PGresult] = raw.wait(_answers(connection, len(statements) + 1))
    connection.exit_pipeline_mode()
    return results


def _answers(connection: PGconn, count: int) -> Any:
    """As psycopg's own generators: waits until each statement, and the end of the pipeline, has been answered."""
    yield from send(connection)
    results: list[PGresult] = []
    for _ in range(count):
        results += yield from fetch_many(connection)
    return results


def _check(raw: Raw, results: Sequence[PGresult]) -> None:
    for result in results:
        if result.status in _FAILED:
            raise error_from_result(result, raw.info.encoding)
