"""The benchmark's own servers, with every safety on, in a directory that is removed at the end."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil
import psycopg
from psycopg import sql

from bench.errors import BenchError
from qenex.embedded import guard, postgres, redis
from qenex.embedded.bootstrap import DATABASE, create_database
from qenex.embedded.paths import log_dir, metrics_dir, socket_dir
from qenex.embedded.plan import Plan

APPLICATION = "qenex.asgi:application"
READY_SECONDS = 90
FOREIGN = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READER_URL", "DATABASE_POOL_SIZE", "REDIS_URL"),
    *("QENEX_PROFILE", "DEBUG", "LOG_LEVEL", "WEB_WORKERS", "PORT", "HOST", "QENEX_LOCK_TIMEOUT_MS"),
)
"""What would lead the benchmark away from its own servers, or change what is measured."""


class Servers:
    """PostgreSQL and Redis as `manage.py up` has them, and the databases made from the one in which all is ready."""

    def __init__(self, var: Path) -> None:
        self.var = var

    def start(self) -> None:
        """Start both. Raises EmbeddedError."""
        postgres.ensure_running(self.var, durable=True)
        redis.ensure_running(self.var)

    def url(self, database: str = "postgres") -> str:
        """The superuser's URL."""
        return postgres.admin_url(self.var, database)

    def create(self, name: str, *, template: str = DATABASE) -> None:
        """A database of its own for one scenario."""
        with closing(psycopg.connect(self.url(), autocommit=True)) as connection:
            create_database(connection, name, template=template)

    def drop(self, name: str) -> None:
        """Drops a database, and whoever is still connected to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with closing(psycopg.connect(self.url(), autocommit=True)) as connection:
            connection.execute(statement)

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A fresh database for the block."""
        self.create(name)
        try:
            yield name
        finally:
            self.drop(name)


@contextmanager
def servers(home: Path, *, keep: bool) -> Iterator[tuple[Servers, "Watch"]]:
    """Servers in a new directory under `home`; the directory is removed at the end unless it is to be kept."""
    var = (home / time.strftime("%Y%m%d-%H%M%S")).resolve()
    var.mkdir(parents=True)
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["QENEX_VAR"] = str(var)
    for limit in ("PRINCIPAL", "ADDRESS"):  # one program loads all of it
        os.environ[f"QENEX_THROTTLE_{limit}"] = "off"
    watch = Watch(var, remove=not keep)
    own = Servers(var)
    try:
        own.start()
        yield own, watch
    finally:
        guard.stop_servers(var, only_unused=False)
        if not keep:
            for directory in (socket_dir(var), var):
                shutil.rmtree(directory, ignore_errors=True)
        watch.done()


class Watch:
    """The process that clears up after us, should we be killed."""

    def __init__(self, var: Path, *, remove: bool) -> None:
        self._guard = guard.spawn(var, remove=var if remove else None)

    def over(self, group: int) -> None:
        """From now on that process group is ended with us."""
        self._tell(f"+{group}")

    def done(self) -> None:
        """All is cleared up."""
        self._tell("done")
        self._guard.wait(10)

    def _tell(self, line: str) -> None:
        assert self._guard.stdin is not None  # spawned with a pipe
        with suppress(BrokenPipeError):
            self._guard.stdin.write(f"{line}\n")
            self._guard.stdin.flush()


class Web:
    """The web server that `manage.py up` runs, on a database of ours; with another application where one is named."""

    def __init__(self, var: Path, watch: Watch, database: str, application: str = APPLICATION) -> None:
        self.port = _free_port()
        self._log = log_dir(var) / f"web-{database}.log"
        program = Plan(var, "127.0.0.1", self.port, web_workers=1, task_workers=1).programs()[0]
        command = [*program.command[:-1], application]  # granian's last argument
        urls = postgres.database_urls(var, database)
        metrics_dir(var).mkdir(exist_ok=True)
        names = {"DATABASE_URL": urls.writer, "DATABASE_OWNER_URL": urls.owner, "DATABASE_READER_URL": urls.reader}
        with self._log.open("w") as log:
            self._process = _spawn(command, program.environment | names, log)
        watch.over(self._process.pid)
        self._wait()

    def memory(self) -> list[dict[str, float]]:
        """Megabytes of each of its processes, the worker (the largest) first."""
        main = psutil.Process(self._process.pid)
        found = [each.memory_full_info() for each in (main, *main.children(recursive=True))]
        megabytes = [{"rss_mb": round(each.rss / 2**20, 1), "pss_mb": round(each.pss / 2**20, 1)} for each in found]
        return sorted(megabytes, key=lambda each: each["rss_mb"], reverse=True)

    def stop(self) -> None:
        """End it."""
        guard.end_groups({self._process.pid})
        self._process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(f"http://127.0.0.1:{self.port}/livez"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                last = self._log.read_text(errors="replace").strip().splitlines()[-1:]
                raise BenchError(f"the web server did not start: {last[0] if last else 'it said nothing'}")
            time.sleep(0.1)


@contextmanager
def web(own: Servers, watch: Watch, database: str, application: str = APPLICATION) -> Iterator[Web]:
    """A web server for the block."""
    server = Web(own.var, watch, database, application)
    try:
        yield server
    finally:
        server.stop()


def _spawn(command: list[str], environment: dict[str, str], log: IO[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        env=environment,
        cwd=guard.PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  # our own address
    except OSError:
        return False
    return True
