"""Pytest plugin: gives every process of the run the environment of a throw-away PostgreSQL and Redis.

It is loaded with `-p`, because the environment must be set before Django's settings read it. The servers themselves
start when the first test asks for them (see `databases`). The first process of the run owns the directory; a guard
clears it away however that process ends.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from qenex.embedded import guard, redis
from tests.support import databases
from tests.support.servers import Server, server

ROOT = "QENEX_TEST_ROOT"
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 8 * 1024**3
"""How much memory must be free for a run to keep its servers there; it has taken half a gigabyte."""
REDIS_DATABASES = 16

_guard: "subprocess.Popen[str] | None" = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Set the environment before pytest-django sets up Django."""
    if ROOT not in os.environ:
        _own_run()
    _set_environment(server(root()), worker())
    try:
        return (yield)
    except BaseException:
        pytest_unconfigure()
        raise


def pytest_unconfigure() -> None:
    """Clear the run's directory and servers away, in the process that made them."""
    global _guard
    if _guard is not None:
        databases.drop_all(server(root()), root())
        _guard.communicate()
        _guard = None
        del os.environ[ROOT]


def root() -> Path:
    """The run's own directory."""
    return Path(os.environ[ROOT])


def worker() -> str:
    """The name of this pytest process."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _own_run() -> None:
    global _guard
    directory = Path(tempfile.mkdtemp(prefix="qenex-", dir=_place()))
    directory.chmod(0o711)
    os.environ[ROOT] = str(directory)
    _guard = guard.spawn(directory / "var", remove=directory)


def _place() -> Path | None:
    """Memory where there is plenty, else the usual place: making and dropping databases is a tenth of the work there.

    A program that is killed leaves the same files in both, and nobody pulls the plug in a test.
    """
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    free = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available)
    return MEMORY if free >= MEMORY_BYTES else None


def _set_environment(current: Server, name: str) -> None:
    database = databases.name(root(), name)
    number = 1 + int(name.removeprefix("gw")) if name.startswith("gw") else 0
    os.environ |= {
        "QENEX_VAR": str(current.var),
        "QENEX_AUTH_RATE": "100000/min",
        "QENEX_KEY_PROVIDER": "file",
        "QENEX_KEY_DIR": str(root() / f"keys-{name}"),
        "DATABASE_URL": current.client_url("qenex_writer", database),
        "DATABASE_READER_URL": current.client_url("qenex_reader", database),
        "DATABASE_OWNER_URL": current.direct_url("qenex_owner", database),
        "REDIS_URL": redis.redis_url(current.var).replace("db=0", f"db={number % REDIS_DATABASES}"),
    }
