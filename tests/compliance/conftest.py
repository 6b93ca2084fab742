"""A trail of a test's own: an empty database, and nothing signed outside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.support import scratch


@contextmanager
def _trail(blocker: DjangoDbBlocker, folder: Path) -> Iterator[str]:
    with blocker.unblock(), override_settings(TRAIL_DIR=folder / "trail"), scratch.database() as name:
        yield name


@pytest.fixture
def trail(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[str]:
    """The name of an empty database; `tests.support.trail` fills it."""
    with _trail(django_db_blocker, tmp_path) as name:
        yield name


@pytest.fixture(scope="module")
def shared_trail(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """One database for the tests of a module, each of which finds what the others have left, and leaves it sound."""
    with _trail(django_db_blocker, tmp_path_factory.mktemp("shared")) as name:
        yield name
