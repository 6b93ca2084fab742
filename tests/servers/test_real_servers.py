"""The smoke tests once more on Debian's PostgreSQL 15, reached directly and through PgBouncer in transaction mode."""

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from qenex.embedded.guard import PROJECT
from tests.support import debian, throwaway

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not debian.POSTGRES_15.exists(), reason="Debian's postgresql-15 is not installed"),
]
OWN_RUN = ("QENEX_", "DATABASE_", "REDIS_URL", "PYTEST_", "DJANGO_SETTINGS_MODULE")


@pytest.fixture
def directory() -> Iterator[Path]:
    path = throwaway.root() / secrets.token_hex(4)
    path.mkdir()
    yield path
    shutil.rmtree(path)


def smoke(**variables: str) -> str:
    """Run the smoke tests in a run of their own; its last line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN_RUN)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "smoke", "-n", "0", "-q", "-p", "no:cacheprovider", "--tb", "short"],
        cwd=PROJECT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "pgbouncer"])
def test_smoke_tests_pass_on_postgresql_15(directory: Path, proxied: bool) -> None:
    if proxied and not debian.PGBOUNCER.exists():
        pytest.skip("PgBouncer is not installed")
    with debian.postgres_15(directory / "postgres") as url:
        assert debian.server_version(url) // 10000 == 15
        port = urlsplit(url).port
        assert port is not None
        with debian.pgbouncer(directory / "pgbouncer", port) if proxied else nullcontext() as proxy:
            variables = {"TEST_DATABASE_URL": url} | ({"TEST_DATABASE_PROXY": proxy} if proxy else {})
            closing_line = smoke(**variables)
    assert re.match(r"\d+ passed", closing_line)
