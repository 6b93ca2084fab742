"""The files of the embedded cluster: made at the first start, configured at every start."""

import re
import shutil
from pathlib import Path

import psutil

from qenex.embedded import config, programs
from qenex.embedded.accounts import Account, let_pass, own_dir
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.paths import data_dir, log_dir, postgres_log_dir, socket_dir
from qenex.embedded.wheel import MAJOR

INCLUDE = "include = 'qenex.conf'\n"
FATAL = re.compile(r"\b(FATAL|PANIC):  ")
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
    var.chmod(0o711 if owner.switch else 0o700)
    for directory in (socket_dir(var), postgres_log_dir(var)):
        own_dir(directory, owner)
        if owner.switch:
            let_pass(directory)
    if not data.exists():
        _initdb(data, owner)
    _check_version(data)
    (data / "qenex.conf").write_text(config.render(var, durable=durable))


def start_log(var: Path) -> Path:
    """What the server says before its own logging begins."""
    return data_dir(var) / "start.log"


def log_sizes(var: Path) -> dict[Path, int]:
    """How long each log is now, for `last_words` to begin there."""
    logs = [*postgres_log_dir(var).glob("*.log"), start_log(var)]
    return {log: log.stat().st_size for log in logs if log.exists()}


def last_words(var: Path, before: dict[Path, int]) -> str:
    """The complaint of a server that did not start, among what was logged since `before`; or nothing."""
    found = ""
    for log in log_sizes(var):
        lines = log.read_bytes()[before.get(log, 0) :].decode(errors="replace").splitlines()
        fatal = [number for number, line in enumerate(lines) if FATAL.search(line)]
        if fatal:
            found = _reason(lines, fatal[-1])
    return found


def drop_dead_locks(var: Path) -> None:
    """Remove the locks of a dead server whose number another program has since been given.

    PostgreSQL itself sees that a number is free, but not that its new bearer is no server.
    """
    for path in (_pid_file(var), socket_dir(var) / ".s.PGSQL.5432.lock"):
        holder = _holder(path)
        if holder is not None and not _serves(holder):
            path.unlink(missing_ok=True)


def lives(var: Path) -> bool:
    """Whether the server's first process exists: it may be recovering and answer nobody yet."""
    holder = _holder(_pid_file(var))
    return holder is not None and _serves(holder)


def _pid_file(var: Path) -> Path:
    return data_dir(var) / "postmaster.pid"


def _holder(lock: Path) -> psutil.Process | None:
    try:
        return psutil.Process(int(lock.read_text().split("\n", 1)[0]))
    except (FileNotFoundError, ValueError, psutil.Error):
        return None


def _serves(process: psutil.Process) -> bool:
    try:
        return process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _reason(lines: list[str], number: int) -> str:
    """What a fatal line says; of a bad configuration the line before it says more."""
    line = lines[number - 1] if number and "contains errors" in lines[number] else lines[number]
    return line.split(":  ", 1)[-1]


def _initdb(data: Path, owner: Account) -> None:
    """Make the cluster beside its place and move it there when it is whole."""
    draft = data.with_name(f"{data.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    own_dir(draft, owner)
    problem = programs.run(owner, "initdb", *INITDB, "--pgdata", str(draft))
    if problem is not None:
        raise EmbeddedError(f"cannot make the database cluster: {problem}")
    with (draft / "postgresql.conf").open("a") as file:
        file.write(INCLUDE)
    draft.rename(data)


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise EmbeddedError(f"{data} was made by PostgreSQL {found}; this is {MAJOR}: dump and load, or remove it")
