"""What it was measured on. A figure without its machine is worth nothing."""

import os
import platform
import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import psycopg

SETTINGS = (
    *("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "data_checksums"),
    *("shared_buffers", "wal_buffers", "max_wal_size", "checkpoint_timeout", "autovacuum", "jit", "max_connections"),
)
PAGE = 8192


def describe(directory: Path, url: str) -> dict[str, Any]:
    """The machine, the versions, and the settings of the PostgreSQL server behind the URL."""
    memory = psutil.virtual_memory()
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_mb": memory.total // 2**20,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "python_build": sys.version,
        "fdatasync_ms": sync_ms(directory),
        "settings": _settings(url),
        "began_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def weather(directory: Path) -> dict[str, Any]:
    """How busy the machine is now, by others too: load averages, idle share of the last moment, and the disk."""
    idle = psutil.cpu_times_percent(interval=0.5)
    return {
        "load": [round(each, 2) for each in os.getloadavg()],
        "idle_percent": idle.idle,
        "steal_percent": getattr(idle, "steal", 0.0),
        "fdatasync_ms": sync_ms(directory),
    }


def sync_ms(directory: Path, seconds: float = 0.5) -> float:
    """Milliseconds of writing one page and making it durable, the median over so many seconds."""
    path = directory / "fdatasync"
    page = os.urandom(PAGE)
    taken = []
    with path.open("wb", buffering=0) as file:
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            file.seek(0)
            file.write(page)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    path.unlink()
    return round(median(taken) * 1000, 3)


def cpu_model() -> str:
    """The name of the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _settings(url: str) -> dict[str, str]:
    query = "SELECT name, setting || coalesce(' ' || unit, '') FROM pg_settings WHERE name = ANY(%s) ORDER BY name"
    with closing(psycopg.connect(url)) as connection:
        return dict(connection.execute(query, [list(SETTINGS)]).fetchall())
