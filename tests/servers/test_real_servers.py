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
SMOKE = sorted(
    str(path) for path in Path(PROJECT, "tests").rglob("test_*.py") if "mark.smoke" in path.read_text(encoding="utf-8")
)
"""The files with smoke tests: to read all the others takes longer than the tests themselves."""
OPTIONS = ("-m", "smoke", "-n", "0", "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", "--tb", "short")
OWN_RUN = ("QENEX_", "DATABASE_", "REDIS_URL", "PYTEST_", "DJANGO_SETTINGS_MODULE")


@pytest.fixture
def directory() -> Iterator[Path]:
    path = throwaway.root() / secrets.token_hex(4)
    path.mkdir()
    yield path
    shutil.rmtree(path)


def test_every_smoke_test_is_in_a_file_that_says_so(request: pytest.FixtureRequest) -> None:
    smoking = {str(item.path) for item in request.session.items if item.get_closest_marker("smoke")}
    assert smoking - set(SMOKE) == set()


def smoke(**variables: str) -> str:
    """Run the smoke tests in a run of their own; its last line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN_RUN)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *SMOKE],
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
