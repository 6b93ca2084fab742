"""Commands and queries keep apart: what shows something asks the reader, who can change nothing."""

import re

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from tests.access.walk.addresses import Address, addresses
from tests.access.walk.asking import Walker
from tests.access.walk.world import World
from tests.support.people import make_user

_WRITES = """
SELECT c.relname, p.privilege FROM pg_class c
CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
  AND has_table_privilege('qenex_reader', c.oid, p.privilege)
"""
_COLUMNS = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
  AND (has_any_column_privilege('qenex_reader', c.oid, 'INSERT')
       OR has_any_column_privilege('qenex_reader', c.oid, 'UPDATE'))
"""
_SEQUENCES = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
  AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege('qenex_reader', c.oid, 'USAGE, UPDATE') ELSE false END
"""
_SHOWN = re.compile(r"api/v1/|admin/(access|auth|kernel|ledger|vault|compliance)/\w+/$")
WHO_ASKS = {"django_session", "access_staffsession", "auth_user", "access_bookscope", "access_approval"}
"""What is looked up of everybody who asks: it must be so now, and not a moment ago; what waits for him likewise."""
RECORDED = {"INSERT kernel_event", "INSERT vault_signingkey", "INSERT vault_datakey"}
"""That something was read is an event, perhaps the first with a key of its own; a key to sign with is made in time."""
OWN_WRITES = {
    # Lists with buttons of their own: who has just pressed one must see what came of it.
    "admin/access/apikey/": {"access_apikey"},
    "admin/access/approvalpolicy/": {"access_approvalpolicy"},
    "admin/access/failures/": {"axes_accessattempt"},
    "admin/access/tokenfamily/": {"access_tokenfamily"},
    "admin/auth/group/": {"auth_group"},
    "admin/auth/user/": {"auth_group"},
    "admin/compliance/checkpoint/": {"compliance_trailcheck", "vault_signingkey"},
    "admin/compliance/erasure/": {"compliance_erasure"},
    "admin/compliance/legalhold/": {"compliance_legalhold"},
    "admin/compliance/retentionrule/": {"compliance_retentionrule"},
    "admin/compliance/tamperalarm/": {"compliance_tamperalarm"},
    "admin/compliance/trailcheck/": {"compliance_trailcheck"},
    "admin/ledger/hold/": {"ledger_account", "ledger_asset", "ledger_hold"},
    "admin/vault/signingkey/": {"vault_datakey", "vault_rotation", "vault_signingkey"},
    # What it would do is computed as the command itself would.
    "api/v1/approvals/<uuid:pk>": {"ledger_book"},
    # What is opened is recorded in the transaction that reads it; keys are those that sign.
    "api/v1/events/<uuid:pk>/personal": {"kernel_event"},
    "api/v1/log/keys": {"vault_signingkey"},
    # A book's code is looked up where commands look it up: it may have been made a moment ago.
    "api/v1/books/<str:ref>": {"ledger_book"},
    "api/v1/holds": {"ledger_book"},
}
"""Route → the tables that it reads with the writer's role all the same."""
_TABLE = re.compile(r'(?:FROM|JOIN|INTO|UPDATE)\s+(?:ONLY\s+)?"?([a-z_]+)"?', re.IGNORECASE)


def test_the_role_of_queries_may_write_to_no_table_and_no_sequence(database: None) -> None:
    with connections["owner"].cursor() as cursor:
        for query in (_WRITES, _COLUMNS, _SEQUENCES):
            cursor.execute(query)
            assert cursor.fetchall() == []
        cursor.execute("SELECT has_schema_privilege('qenex_reader', 'public', 'CREATE'), current_user")
        assert cursor.fetchone() == (False, "qenex_owner")


@pytest.fixture(scope="module")
def asked(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> dict[str, set[str]]:
    """Route → what a GET of it does with the writer's role, as "SELECT table", for the API and all lists of the admin.

    A superuser asks: of him nothing is looked up that could hide the rest.
    """
    with django_db_blocker.unblock():
        world = World()
        walker = Walker(make_user(superuser=True))
        shown = [each for each in addresses() if each.method == "GET" and _SHOWN.match(each.route)]
        return {each.route: _asked(walker, each, world) for each in shown}


def _asked(walker: Walker, address: Address, world: World) -> set[str]:
    path = world.path(address)
    with CaptureQueriesContext(connections["default"]) as queries:
        answer = walker.client.get(path)
        if answer.status_code == 400:
            answer = walker.client.get(f"{path}?book={world.book.code}")
    assert answer.status_code in (200, 400, 404, 409), address.route
    statements = [each["sql"] for each in queries.captured_queries]
    return {f"{each.split()[0]} {table}" for each in statements for table in _TABLE.findall(each)}


def test_what_shows_something_writes_nothing_but_that_it_was_shown(asked: dict[str, set[str]]) -> None:
    assert len(asked) > 40
    written = {what for each in asked.values() for what in each if not what.startswith("SELECT ")}
    assert written - RECORDED == set()


def test_what_shows_something_asks_the_reader_except_who_is_asking(asked: dict[str, set[str]]) -> None:
    tables = {
        route: {what.removeprefix("SELECT ") for what in each if what.startswith("SELECT ")} - WHO_ASKS
        for route, each in asked.items()
    }
    assert {route: each for route, each in tables.items() if each - OWN_WRITES.get(route, set())} == {}
    assert set(OWN_WRITES) - set(tables) == set()
