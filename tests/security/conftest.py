"""The real web server, without TLS and with it, for all tests of this folder."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qenex.embedded import guard, tls
from tests.support.web import Web, serving


@pytest.fixture(scope="session")
def collected(django_db_setup: None) -> None:
    """The static files, with the manifest that pages look their names up in."""
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, cwd=guard.PROJECT, check=True)


@pytest.fixture(scope="session")
def web(collected: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The server without TLS."""
    with serving(tmp_path_factory.mktemp("web") / "log") as server:
        yield server


@pytest.fixture(scope="session")
def secure(collected: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The server with an operator's certificate."""
    place: Path = tmp_path_factory.mktemp("secure")
    identity = tls.development(place)
    files = {"QENEX_TLS_CERT": str(identity.certificate), "QENEX_TLS_KEY": str(identity.key)}
    with serving(place / "log", identity, **files) as server:
        yield server
