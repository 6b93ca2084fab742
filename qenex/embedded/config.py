"""The embedded cluster's configuration, fitted to this machine."""

import os
import shutil
from pathlib import Path

from qenex.embedded.paths import postgres_log_dir, socket_dir
from qenex.kernel import predicatelocks

MB = 1024 * 1024
GB = 1024 * MB
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Where a container finds what it may use (Linux's control groups, version 2)."""

FIXED = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "superuser_reserved_connections": "5",
    "checkpoint_timeout": "'15min'",
    "checkpoint_completion_target": "0.9",
    "min_wal_size": "'512MB'",
    "wal_buffers": "'64MB'",
    "random_page_cost": "1.1",
    "jit": "off",
    **{name: str(value) for name, value in predicatelocks.LEAST.items()},
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "logging_collector": "on",
    "log_filename": "'postgres-%a.log'",
    "log_rotation_age": "'1d'",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "'%m [%p] %u@%d %e '",
    # Names and amounts stay out of the logs: neither statements nor the details of a violated key are written.
    "log_min_error_statement": "'panic'",
    "log_error_verbosity": "'terse'",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "'10s'"}


def render(var: Path, *, durable: bool) -> str:
    """The text of the included configuration file."""
    values = {
        **FIXED,
        **(DURABLE if durable else THROW_AWAY),
        "unix_socket_directories": f"'{_quoted(socket_dir(var))}'",
        "log_directory": f"'{_quoted(postgres_log_dir(var))}'",
        "shared_buffers": f"'{shared_buffers(memory()) if durable else 128 * MB // MB}MB'",
        "effective_cache_size": f"'{memory() // 2 // MB}MB'",
        "max_wal_size": f"'{max_wal_size(shutil.disk_usage(var).free)}MB'",
    }
    lines = "".join(f"{name} = {value}\n" for name, value in values.items())
    return f"# Written at each start of the server; put settings of your own into postgresql.conf.\n{lines}"


def shared_buffers(memory: int) -> int:
    """A quarter of the memory (bytes), at most 4 GB; in MB."""
    return max(128, min(memory // 4, 4 * GB) // MB)


def max_wal_size(free: int) -> int:
    """A tenth of the free disk space (bytes), between 1 and 8 GB; in MB."""
    return max(GB, min(free // 10, 8 * GB)) // MB


def memory(limit: Path = CONTAINER_LIMIT) -> int:
    """Bytes that this machine has, or the container that we are in may use."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        allowed = limit.read_text().strip()
    except OSError:  # no control groups, or none of ours
        return physical
    return min(physical, int(allowed)) if allowed.isdigit() else physical  # "max": as much as there is


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
