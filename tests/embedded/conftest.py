"""A state directory of one test's own, with whatever was started in it stopped again."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qenex.embedded import guard
from tests.support import throwaway

Run = Callable[..., "subprocess.Popen[str]"]
CONFIGURED = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READER_URL", "REDIS_URL", "QENEX_VAR")


@pytest.fixture
def var() -> Iterator[Path]:
    """An empty place for a state directory, under a path that the server's account can walk."""
    path = throwaway.root() / secrets.token_hex(4)
    with guard.spawn(path, remove=path):
        yield path


def only(var: Path) -> dict[str, str]:
    """An environment where only the state directory is configured."""
    return {name: value for name, value in os.environ.items() if name not in CONFIGURED} | {"QENEX_VAR": str(var)}


@pytest.fixture
def run(var: Path) -> Iterator[Run]:
    """Start a Python program in an environment where only the state directory is configured."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=only(var),
            cwd=guard.PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
