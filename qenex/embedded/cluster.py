"""The files of the embedded cluster: made at the first start, configured at every start."""

import shutil
from pathlib import Path

import psutil

from qenex.embedded import config, programs
from qenex.embedded.accounts import Account, let_pass, own_dir
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.paths import data_dir, log_dir, postgres_log_dir, socket_dir
from qenex.embedded.wheel import MAJOR

INCLUDE = "include = 'qenex.conf'\n"
INITDB = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--data-checksums",
)


def prepare(var: Path, owner: Account, *, durable: bool) -> None:
    """Make what is missing and write the configuration. Raises EmbeddedError when initdb fails."""
    data = data_dir(var)
    log_dir(var).mkdir(parents=True, exist_ok=True)
    for directory in (socket_dir(var), postgres_log_dir(var), data):
        own_dir(directory, owner)
    if owner.switch:
        let_pass(data)
        let_pass(postgres_log_dir(var))
    if not (data / "global" / "pg_control").exists():
        _initdb(data, owner)
    _check_version(data)
    (data / "qenex.conf").write_text(config.render(var, durable=durable))


def start_log(var: Path) -> Path:
    """What the server says before its own logging begins."""
    return data_dir(var) / "start.log"


def last_words(var: Path) -> str:
    """The last complaint of a server that did not start, or nothing."""
    logs = [start_log(var), *sorted(postgres_log_dir(var).glob("*.log"), key=lambda path: path.stat().st_mtime)]
    for path in reversed([log for log in logs if log.exists()]):
        lines = path.read_text(errors="replace").splitlines()[-50:]
        for line in reversed(lines):
            if "FATAL:" in line or "PANIC:" in line:
                return line.split(":  ", 1)[-1]
    return ""


def drop_stale_pid(var: Path) -> None:
    """Remove the pid file of a dead server whose number another program has since been given.

    PostgreSQL itself sees that a pid is free, but not that its new bearer is no server.
    """
    path = data_dir(var) / "postmaster.pid"
    try:
        pid = int(path.read_text().split("\n", 1)[0])
        name = psutil.Process(pid).name()
    except (FileNotFoundError, ValueError, psutil.Error):
        return
    if name != "postgres":
        path.unlink(missing_ok=True)


def _initdb(data: Path, owner: Account) -> None:
    for leftover in data.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    problem = programs.run(owner, "initdb", *INITDB, "--pgdata", str(data))
    if problem is not None:
        raise EmbeddedError(f"cannot make the database cluster: {problem}")
    with (data / "postgresql.conf").open("a") as file:
        file.write(INCLUDE)


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise EmbeddedError(f"{data} was made by PostgreSQL {found}; this is {MAJOR}: dump and load, or remove it")
