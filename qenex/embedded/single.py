"""One `up` a state directory at a time, and none before the last one has been cleared up after."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

from qenex.embedded.errors import EmbeddedError
from qenex.embedded.output import Console

WAIT_SECONDS = 60.0


@contextmanager
def only_one(var: Path, console: Console) -> Iterator[int]:
    """Hold the directory; yields the lock's descriptor, which the guard inherits and so holds on when we are killed.

    Raises EmbeddedError when another `up` runs here.
    """
    var.mkdir(parents=True, exist_ok=True)
    with (var / "up.lock").open("a+") as file:
        if not _taken(file):
            _wait(file, var, console)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _wait(file: IO[str], var: Path, console: Console) -> None:
    file.seek(0)
    holder = file.read()
    if holder.isdigit() and _alive(int(holder)):
        raise EmbeddedError(f"QENEX already runs from {var} as process {holder}; stop it with Ctrl-C or kill {holder}")
    console.say("Clearing up after a run that was killed ...")
    deadline = time.monotonic() + WAIT_SECONDS
    while not _taken(file):
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"the remains of a killed run in {var} do not go away; is a qenex.embedded.guard stuck?"
            )
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
