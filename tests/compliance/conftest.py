"""A trail of a test's own: an empty database, and nothing signed outside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.support import scratch


@pytest.fixture
def trail(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[str]:
    """The database's name; `tests.support.trail` fills it."""
    folder = tmp_path / "trail"
    with django_db_blocker.unblock(), override_settings(TRAIL_DIR=folder), scratch.database() as name:
        yield name
