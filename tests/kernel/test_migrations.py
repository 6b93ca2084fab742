"""The newest migration of each app can be undone and done again where data, triggers and grants are in place."""

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from tests.support import scratch

OURS = ("kernel", "vault", "access", "ledger", "compliance")
_TRIGGERS = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
_COLUMNS = """
SELECT table_name, column_name, data_type, character_maximum_length FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY 1, 2
"""


def _shape() -> list[tuple[object, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(_TRIGGERS)
        triggers = cursor.fetchall()
        cursor.execute(_COLUMNS)
        return [*triggers, *cursor.fetchall()]


def test_the_newest_of_each_app_is_undone_and_done_again(database: None) -> None:
    with scratch.database():
        graph, before = MigrationLoader(connections["owner"]).graph, _shape()
        assert any("audited" in str(each) for each in before)
        for app in OURS:
            [newest] = graph.leaf_nodes(app)
            [*_, earlier] = [key for key in graph.node_map[newest].parents if key[0] == app] or [None]
            if earlier is not None:
                call_command("migrate", *earlier, verbosity=0)
        call_command("migrate", verbosity=0)
        assert _shape() == before


@pytest.mark.parametrize("app", OURS)
def test_an_app_has_one_newest(app: str, database: None) -> None:
    assert len(MigrationLoader(None).graph.leaf_nodes(app)) == 1
