"""A database of their own: here all that there is has come about by services, which elsewhere tests go without."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.support import scratch


@pytest.fixture(scope="module")
def own_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """For the tests of a module, all aliases lead to a fresh clone of the migrated template, with its own trail."""
    folder = tmp_path_factory.mktemp("trail") / "trail"
    with django_db_blocker.unblock(), override_settings(TRAIL_DIR=folder), scratch.database():
        yield
