"""Where the embedded servers keep things, computed from the state directory alone so that every process agrees."""

import hashlib
from pathlib import Path

SOCKET_BYTES_MAX = 107
"""The longest path a Unix socket can have on Linux, without its closing NUL."""
LONGEST_SOCKET = ".s.PGSQL.5432.lock"


def socket_dir(var: Path) -> Path:
    """The directory of the servers' sockets: `var/run`, or a short one of the same fate when that is too long."""
    run = var.resolve() / "run"
    if len(str(run / LONGEST_SOCKET).encode()) <= SOCKET_BYTES_MAX:
        return run
    return Path("/tmp") / f"qenex-{hashlib.sha256(str(run).encode()).hexdigest()[:16]}"  # noqa: S108  # checked when made


def data_dir(var: Path) -> Path:
    """The database cluster."""
    return var.resolve() / "postgres"


def log_dir(var: Path) -> Path:
    """Everything's logs."""
    return var.resolve() / "log"


def metrics_dir(var: Path) -> Path:
    """What the processes of one run count, each in files of its own, which `/metrics` adds up."""
    return var.resolve() / "metrics"


def postgres_log_dir(var: Path) -> Path:
    """The database's own logs, one file a weekday."""
    return log_dir(var) / "postgres"
