"""Fixtures of every test. The servers behind them are described in `tests/support`."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.core.signals import setting_changed
from django.db import connections
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from qenex.access import throttling
from qenex.access.api import throttles as throttles_api
from qenex.access.buckets import Buckets
from qenex.kernel import refusals
from tests.support import databases, samples, throwaway
from tests.support.servers import server


def pytest_collection_finish() -> None:
    """What stays for the whole run is not looked through for garbage again and again: 7 % of a run's CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session", autouse=True)
def static_files() -> Iterator[None]:
    """Pages link to static files by their plain names: nobody has collected them into a manifest here."""
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = settings.STORAGES | {"staticfiles": storage}
    with override_settings(STATIC_ROOT=settings.BASE_DIR / "static", STATICFILES_DIRS=[], STORAGES=storages):
        yield


@pytest.fixture(scope="session", autouse=True)
def event_samples() -> Iterator[None]:
    """Where it is asked for, an event of each version is kept that has no sample yet."""
    with samples.kept():
        yield


@pytest.fixture(autouse=True)
def throttles() -> Iterator[None]:
    """Every client of the tests has one address: what one test has asked is not counted against the next.

    A limit that a test changes holds from there.
    """

    def changed(*, setting: str, **_: Any) -> None:
        for limit in throttling.LIMITS:
            if limit.setting == setting:
                limit.reset()

    refusals.reset()
    for limit in throttling.LIMITS:
        limit.reset()
    throttles_api.complaints = Buckets(1, 60.0)
    setting_changed.connect(changed)
    yield
    setting_changed.disconnect(changed)


@pytest.fixture(scope="session")
def django_db_setup() -> Iterator[None]:
    """This process's own database, migrated, with the three roles connecting as in production."""
    root = throwaway.root()
    databases.clone(server(root), root, throwaway.worker())
    yield
    for connection in connections.all():
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # every alias is PostgreSQL


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database with real commits and nothing undone: a test makes its own book and looks at nothing else."""
    with django_db_blocker.unblock():
        # Else the failures of one test lock out the next, which comes from the same address.
        AccessAttempt.objects.filter(ip_address="127.0.0.1").delete()
        yield
        connections.close_all()
