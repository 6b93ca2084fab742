"""A database of the test's own, keys of its own, and tables with sealed columns."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connections
from django.test import override_settings

from qenex.kernel import grants
from tests.support.hsm import make_tokens, module, variables
from tests.support.vault import forget, own_database, use_token


@pytest.fixture
def keys(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """An empty directory of the file provider."""
    forget()
    settings.KEY_PROVIDER, settings.KEY_DIR = "file", tmp_path / "keys"
    yield tmp_path / "keys"
    forget()


@pytest.fixture
def place(database: None, keys: Path) -> Iterator[dict[str, str]]:
    """A database with keys of its own and the tables of `tests.vault.notes`; the environment of other processes."""
    with (
        own_database() as environment,
        override_settings(INSTALLED_APPS=[*project.INSTALLED_APPS, "tests.vault.notes"]),
    ):
        _make_tables()
        yield environment | {
            "QENEX_KEY_PROVIDER": "file",
            "QENEX_KEY_DIR": str(keys),
            "DJANGO_SETTINGS_MODULE": "tests.vault.notes.settings",
        }


def _make_tables() -> None:
    from tests.vault.notes.models import Copy, Note

    with connections["owner"].schema_editor() as editor:
        editor.create_model(Note)
        editor.create_model(Copy)
    grants.apply(connections["owner"])


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SoftHSM2 with its tokens. The library reads its configuration once a process, so they are the session's."""
    module()
    os.environ |= make_tokens(tmp_path_factory.mktemp("hsm"))


@pytest.fixture
def hsm(tokens: None, place: dict[str, str], settings: Any) -> Iterator[dict[str, str]]:
    """A database of the test's own whose keys are in the first token; the environment of other processes."""
    use_token(settings, "first")
    yield place | variables("first")
    forget()
