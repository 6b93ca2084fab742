"""A process that outlives its parent by a moment, and clears up what the parent can no longer clear up itself.

The parent keeps this process's standard input open and writes `+123` and `-123` as process groups come and go.
When the parent dies, in whatever way, the kernel closes the pipe: the groups are ended and the servers stopped.
A parent that has cleared up itself writes `done`.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from qenex.embedded import postgres, redis
from qenex.embedded.errors import EmbeddedError

PROJECT = Path(__file__).resolve().parent.parent.parent
GRACE_SECONDS = 15.0
GOODBYE_SECONDS = 3.0
"""How long a server may take to notice that a client has died."""


def spawn(var: Path, *, remove: Path | None = None, lock: int | None = None) -> "subprocess.Popen[str]":
    """Start a guard over the state directory, which also holds `lock`, a file's descriptor.

    With `remove` it also stops servers in use and deletes that directory.
    """
    command = [sys.executable, "-m", "qenex.embedded.guard", str(var)]
    if remove is not None:
        command += ["--remove", str(remove)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=PROJECT,
        start_new_session=True,
        pass_fds=[] if lock is None else [lock],
    )


def end_groups(groups: set[int], grace: float = GRACE_SECONDS) -> None:
    """Ask process groups to end, wait, and kill what is left."""
    _signal(groups, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(_alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(groups, signal.SIGKILL)


def stop_servers(var: Path, *, only_unused: bool) -> bool:
    """Stop the embedded servers, with `only_unused` unless others are connected; whether both are stopped now."""
    deadline = time.monotonic() + GOODBYE_SECONDS
    while True:
        redis_stopped = redis.stop(var, only_unused=only_unused)
        if postgres.stop(var, only_unused=only_unused) and redis_stopped:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)


def main(arguments: list[str] | None = None) -> None:
    """Wait for the parent's end and clear up after it."""
    parser = argparse.ArgumentParser(description="Clear up when the parent process dies.")
    parser.add_argument("var", type=Path)
    parser.add_argument("--remove", type=Path)
    options = parser.parse_args(arguments)
    groups: set[int] = set()
    for line in sys.stdin:
        if line == "done\n":
            return
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    end_groups(groups)
    with contextlib.suppress(EmbeddedError):
        stop_servers(options.var, only_unused=options.remove is None)
    if options.remove is not None:
        shutil.rmtree(options.remove, ignore_errors=True)


def _signal(groups: set[int], number: int) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)


def _alive(group: int) -> bool:
    """Whether a process of the group still does anything; a dead one may stay listed until its parent looks."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return any(_in_group(process, group) for process in psutil.process_iter(["status"]))


def _in_group(process: psutil.Process, group: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE
    return False


if __name__ == "__main__":
    main()
