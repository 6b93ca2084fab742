"""A whole installation of a test's own, with a PostgreSQL that syncs to disk, for killing things in."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest

from qenex.embedded import guard, postgres
from qenex.embedded.paths import data_dir
from tests.support import throwaway

CONFIGURED = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READER_URL", "REDIS_URL", "QENEX_VAR")
PATIENCE = 240
"""Seconds that anything may take before the test gives up."""


class Place:
    """The installation: its state directory, and processes that have nothing else configured."""

    def __init__(self, var: Path, keeper: IO[str]) -> None:
        self.var = var
        self.keeper = keeper
        self.acknowledged = var.with_suffix(".acknowledged")
        self.started: list[subprocess.Popen[str]] = []
        self.environment = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
        self.environment["QENEX_VAR"] = str(var)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Starts a Python program in a group of its own."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=guard.PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.keeper.write(f"+{process.pid}\n")
        self.keeper.flush()
        self.started.append(process)
        return process

    def run(self, *arguments: str) -> str:
        """Runs a Python program to its end, which must be a good one; what it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, output
        return output

    def open(self) -> dict[str, Any]:
        """Makes the database, and in it a book with customers; what a client needs to know."""
        self.run("manage.py", "migrate", "--verbosity", "0")
        opened: dict[str, Any] = json.loads(self.run("-m", "tests.crash.opening").splitlines()[-1])
        assert self.ask("SHOW fsync") == self.ask("SHOW synchronous_commit") == "on"
        return opened

    def client(self, opened: dict[str, Any], seed: int, *, url: str = "") -> "subprocess.Popen[str]":
        """Starts a program that posts until it is killed and writes down what was acknowledged."""
        return self.start("-m", "tests.crash.client", json.dumps(opened), str(self.acknowledged), str(seed), url)

    def count(self) -> int:
        """How many transfers were acknowledged so far."""
        return len(self.acknowledged.read_text().splitlines()) if self.acknowledged.exists() else 0

    def ask(self, query: str) -> Any:
        """One value from the database, as its superuser."""
        with psycopg.connect(postgres.admin_url(self.var, "qenex"), autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def postmaster(self) -> int:
        """The process of the server itself."""
        return int((data_dir(self.var) / "postmaster.pid").read_text().split()[0])

    def close(self) -> None:
        """Ends what still runs, and lets it go."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self.acknowledged.unlink(missing_ok=True)


@pytest.fixture
def place() -> Iterator[Place]:
    """An installation that is cleared away however the test ends."""
    path = throwaway.root() / secrets.token_hex(4)
    with guard.spawn(path, remove=path) as keeper:
        assert keeper.stdin is not None
        installation = Place(path, keeper.stdin)
        yield installation
        installation.close()
