"""Debian's PostgreSQL 15 and PgBouncer, started for real by the tests that need them, without any extra rights."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from qenex.embedded import programs
from qenex.embedded.accounts import Account, account, own_dir

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
PGBOUNCER = Path("/usr/sbin/pgbouncer")
START_SECONDS = 20.0


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres_15(directory: Path) -> Iterator[str]:
    """A server of a new cluster; yields the superuser's URL."""
    owner = account(create=True)
    own_dir(directory, owner)
    data, port = str(directory / "data"), free_port()
    _must(owner, "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--locale=C.UTF-8", "-E", "UTF8")
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {directory} -c fsync=off"
    _must(owner, "pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", str(directory / "log"))
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _must(owner, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", data)


@contextmanager
def pgbouncer(directory: Path, server_port: int) -> Iterator[str]:
    """PgBouncer in transaction mode before the server; yields its host:port."""
    owner = account(create=True)
    own_dir(directory, owner)
    port, config = free_port(), directory / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host=127.0.0.1 port={server_port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {directory / 'users.txt'}\npool_mode = transaction\n"
        "max_client_conn = 200\ndefault_pool_size = 10\n"
    )
    (directory / "users.txt").write_text("".join(f'"qenex_{role}" ""\n' for role in ("owner", "writer", "reader")))
    switch = {"user": owner.uid, "group": owner.gid, "extra_groups": list[int]()} if owner.switch else {}
    with (directory / "log").open("w") as log:
        process = subprocess.Popen([PGBOUNCER, "-q", config], stdout=log, stderr=log, **switch)  # type: ignore[call-overload]  # Popen's own keywords
    try:
        _wait_for(port, directory / "log")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


def _must(owner: Account, program: str, *arguments: str) -> None:
    problem = programs.run(owner, str(POSTGRES_15 / program), *arguments)
    if problem is not None:
        raise RuntimeError(f"{program}: {problem}")


def _wait_for(port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nothing listens on port {port}: {log.read_text()}") from None
            time.sleep(0.05)
        else:
            return


def server_version(url: str) -> int:
    """The server's version as a number, such as 150018."""
    with psycopg.connect(url) as connection:
        return connection.info.server_version
