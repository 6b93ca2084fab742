"""A client process: it makes work ready, waits for the signal, and does it against the clock."""

import os
import signal
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bench.errors import BenchError
from bench.works.base import Outcome, Work


@dataclass(frozen=True)
class Ready:
    """The work can begin."""


@dataclass(frozen=True)
class Failed:
    """The work failed; how."""

    how: str


@dataclass(frozen=True)
class Go:
    """The signal to begin."""


Request = Work | Go
Answer = Ready | Failed | Outcome


def serve(pipe: "Connection[Answer, Request]") -> None:
    """Work after work, until the parent is gone. The interpreter is as settled as a server's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["DJANGO_SETTINGS_MODULE"] = "qenex.settings"
    import django

    django.setup()
    with pipe:
        while (work := _next(pipe)) is not None:
            assert not isinstance(work, Go)
            try:
                _carry_out(work, pipe)
            except BenchError as error:
                pipe.send(Failed(str(error)))
            except Exception:  # noqa: BLE001  # whatever it is, the parent is told
                pipe.send(Failed(traceback.format_exc()))


def _next(pipe: "Connection[Answer, Request]") -> Request | None:
    try:
        return pipe.recv()
    except EOFError:
        return None


def _carry_out(work: Work, pipe: "Connection[Answer, Request]") -> None:
    from qenex.kernel.memory import settle

    _use(work.database)
    run = work.prepare()
    settle()
    pipe.send(Ready())
    if _next(pipe) is not None:
        pipe.send(run())


def _use(database: str) -> None:
    """Points every alias to that database."""
    from django.db import connections

    from ledger.engine import cache

    for alias in connections:
        connection = connections[alias]
        if connection.settings_dict["NAME"] != database:
            connection.close()
            if hasattr(connection, "close_pool"):
                connection.close_pool()
            connection.settings_dict["NAME"] = database
            cache.forget()
