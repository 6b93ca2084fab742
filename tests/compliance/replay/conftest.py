"""A database of their own: here all that there is has come about by services, which elsewhere tests go without."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from qenex.embedded.bootstrap import create_database
from qenex.vault.keyring import forget
from tests.support import databases, throwaway
from tests.support.servers import server


@pytest.fixture(scope="module")
def own_database(django_db_setup: None) -> Iterator[None]:
    """For the tests of a module, all aliases lead to a fresh clone of the migrated template."""
    root = throwaway.root()
    name, before = databases.name(root, f"{throwaway.worker()}_replay"), databases.name(root, throwaway.worker())
    with psycopg.connect(server(root).admin_url(), autocommit=True) as connection:
        create_database(connection, name, template=databases.name(root, "template"))
        _lead(name)
        try:
            yield
        finally:
            _lead(before)
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _lead(name: str) -> None:
    for each in connections.all():
        each.close()
        each.close_pool()  # type: ignore[attr-defined]  # every alias is PostgreSQL
        each.settings_dict["NAME"] = name
    forget()  # the data keys of the other database
