"""Keeps the servers and child processes of one machine running until it is told to stop."""

import contextlib
import signal
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from qenex.embedded import guard, postgres, redis
from qenex.embedded.children import Child, Program
from qenex.embedded.disk import LOW_MB, free_mb
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.output import Console
from qenex.embedded.paths import log_dir

TICK_SECONDS = 0.2
SERVERS_SECONDS = 2.0
READY_SECONDS = 90.0


class Servers:
    """The embedded servers that this run needs: those for which no real one is configured."""

    def __init__(self, var: Path, *, database: bool, messages: bool) -> None:
        self.var = var
        self._starts: list[tuple[str, Callable[[Path], bool]]] = []
        if database:
            self._starts.append(("PostgreSQL", postgres.ensure_running))
        if messages:
            self._starts.append(("Redis", redis.ensure_running))

    def ensure_running(self) -> list[str]:
        """Start what does not run; the names of those started now. Raises EmbeddedError."""
        return [name for name, start in self._starts if start(self.var)]

    def stop(self) -> bool:
        """Stop them unless other processes use them; whether they are stopped."""
        return not self._starts or guard.stop_servers(self.var, only_unused=True)


class Supervisor:
    """Starts the programs, restarts those that die, and ends them all."""

    def __init__(self, servers: Servers, programs: list[Program], console: Console, lock: int) -> None:
        logs = log_dir(servers.var)
        logs.mkdir(parents=True, exist_ok=True)
        self._servers = servers
        self._console = console
        self._children = [Child(program, logs / f"{program.name}.log", console) for program in programs]
        self._lock = lock
        self._guard = guard.spawn(servers.var, lock=lock)
        self._servers_checked = time.monotonic()
        self._disk_low = False

    def run(self, ready_url: str, on_ready: Callable[[], None], trust: ssl.SSLContext | None = None) -> None:
        """Run until KeyboardInterrupt. Raises EmbeddedError when a child or a server is beyond help.

        `trust` is what an address with TLS is asked with.
        """
        deadline = time.monotonic() + READY_SECONDS
        ready = False
        while True:
            self._tend()
            if not ready and _answers(ready_url, trust):
                ready = True
                on_ready()
            elif not ready and time.monotonic() > deadline:
                raise EmbeddedError(
                    f"{ready_url} did not answer within {READY_SECONDS:g} s; see {self._children[0].log}"
                )
            time.sleep(TICK_SECONDS)

    def stop(self) -> None:
        """End every child, and the servers unless others use them."""
        groups = {child.group for child in self._children if child.group is not None}
        guard.end_groups(groups)
        if not self._servers.stop():
            self._console.say("The embedded servers go on: other processes use them (make down stops them).")
        self._tell("done")
        self._guard.wait(5)

    def _tend(self) -> None:
        if self._guard.poll() is not None:
            self._replace_guard()
        for child in self._children:
            group = child.bury()
            if group is not None:
                self._tell(f"-{group}")
            if child.due():
                self._tell(f"+{child.start()}")
        if time.monotonic() - self._servers_checked > SERVERS_SECONDS:
            self._tend_servers()
            self._servers_checked = time.monotonic()

    def _tend_servers(self) -> None:
        for name in self._servers.ensure_running():
            self._console.say(f"{name} had died and was started again.")
        free = free_mb(self._servers.var)
        if free < LOW_MB and not self._disk_low:
            self._console.say(f"The disk that holds {self._servers.var} is full ({free} MB free): writes will fail.")
        self._disk_low = free < LOW_MB

    def _replace_guard(self) -> None:
        self._guard = guard.spawn(self._servers.var, lock=self._lock)
        for child in self._children:
            if child.group is not None:
                self._tell(f"+{child.group}")

    def _tell(self, line: str) -> None:
        assert self._guard.stdin is not None  # spawned with a pipe
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.write(f"{line}\n")
            self._guard.stdin.flush()


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Within it SIGTERM and SIGHUP do what Ctrl-C does; once stopping has begun, further ones are ignored."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _answers(url: str, trust: ssl.SSLContext | None) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2, context=trust).close()  # noqa: S310  # our own address
    except urllib.error.HTTPError as error:
        error.close()
        return error.code < 500
    except OSError:
        return False
    return True
