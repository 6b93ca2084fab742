"""Every admin address, action and API route, asked for by everybody, against the committed table.

A new address, or another outcome, fails here until `make privileges` has written the table and somebody has read the
difference.
"""

import re
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.access.walk import table
from tests.access.walk.addresses import ACTION, Address, addresses
from tests.access.walk.asking import GONE, NO, NO_METHOD, PEOPLE, SIGN_IN, YES, Walker
from tests.access.walk.table import Column
from tests.access.walk.world import World, model_of

PUBLIC = {
    *("admin/login/", "api/v1/docs", "api/v1/schema", "api/v1/problems/"),
    *("api/v1/problems/<slug:code>", "", "api/<path:rest>"),
    *("api/v1/auth/token", "api/v1/auth/refresh", "api/v1/auth/jwks"),
}
"""What answers strangers."""
OWN = {
    *("admin/", "admin/<app_label>/", "admin/<url>", "admin/jsi18n/"),
    *("admin/password_change/", "admin/step-up/", "admin/second-factor/", "admin/second-factor/passkey/"),
    *("admin/enrol/", "admin/enrol/app/", "admin/enrol/passkey/options/", "admin/enrol/app/qr.png"),
    *("admin/security/", "admin/security/<uuid:session_id>/end/", "admin/security/end-others/"),
    *("admin/security/<slug:kind>/<slug:factor>/remove/", "admin/security/recovery-codes/"),
    *("admin/security/keys/<uuid:key>/", "admin/security/tokens/<uuid:family>/end/"),
}
"""What answers everybody who has signed in."""
PEOPLES = ("api/v1/events", "api/v1/approvals")
"""What the API has for administrators."""
LIST = re.compile(r"admin/\w+/\w+/")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """One of everything."""
    with django_db_blocker.unblock():
        yield World()


@pytest.fixture(scope="module")
def columns() -> Iterator[dict[str, Column]]:
    """The committed table; when it is being written, what is found."""
    if not table.WRITING:
        yield table.read()
        return
    found: dict[str, Column] = {}
    yield found
    table.write(found)


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_may_do_what_the_table_says(
    database: None, world: World, columns: dict[str, Column], who: str
) -> None:
    walker = Walker(PEOPLE[who]())
    found = {address: walker.outcome(address, world) for address in addresses()}
    if table.WRITING:
        columns[who] = found
    assert {_line(address, found[address]) for address in found} == {
        _line(address, outcome) for address, outcome in columns[who].items()
    }, "run `make privileges` and read the difference"


def _line(address: Address, outcome: str) -> str:
    return f"{address.method} {address.route}: {outcome}"


def _open(column: Column) -> set[Address]:
    """Where somebody is let in."""
    return {address for address, outcome in column.items() if outcome in (YES, GONE)}


def _changing(column: Column) -> set[Address]:
    """What somebody may change."""
    return {address for address in _open(column) if address.writes}


def test_there_is_an_object_for_every_address_that_needs_one(database: None, world: World) -> None:
    assert sorted({str(model_of(each)) for each in addresses() if world.lacks(each)}) == []


def test_every_outcome_is_one_of_those_that_mean_something(columns: dict[str, Column]) -> None:
    outcomes = {outcome for column in columns.values() for outcome in column.values()}
    assert outcomes == {YES, NO, SIGN_IN, GONE, NO_METHOD}
    assert list(columns) == list(PEOPLE)


def test_strangers_are_answered_only_where_it_is_meant(columns: dict[str, Column]) -> None:
    assert {address.route for address in _open(columns["anonymous"])} == PUBLIC


def test_who_has_no_role_finds_nothing_but_what_is_his_own(columns: dict[str, Column]) -> None:
    reached = {address.route for address in _open(columns["no role"])} - PUBLIC
    assert {route for route in reached if not route.endswith("/<path:object_id>/")} == OWN


def test_the_auditor_changes_nothing_but_what_is_his_own(columns: dict[str, Column]) -> None:
    proving = {f"admin/compliance/{each}/" for each in ("checkpoint/export", "trailcheck/start")}
    changing = {address for address in _changing(columns["auditor"]) if address.route not in proving}
    assert changing == _changing(columns["no role"])


def test_the_auditor_sees_every_page_that_anybody_sees(columns: dict[str, Column]) -> None:
    lists = {address for address in _open(columns["superuser"]) if LIST.fullmatch(address.route)}
    assert lists - _open(columns["auditor"]) == set()


def test_the_administrator_has_no_hand_in_money(columns: dict[str, Column]) -> None:
    apart = _open(columns["administrator"]) - _open(columns["no role"])
    assert {address for address in apart if address.route.startswith("admin/ledger/")} == set()
    api = {address.route for address in apart if address.route.startswith("api/")}
    assert {route for route in api if not route.startswith(PEOPLES)} == set()


def test_nobody_goes_where_the_superuser_cannot(columns: dict[str, Column]) -> None:
    whole = _open(columns["superuser"])
    assert {name: _open(column) - whole - _open(columns["anonymous"]) for name, column in columns.items()} == {
        name: set() for name in columns
    }


def test_actions_are_walked_too(columns: dict[str, Column]) -> None:
    actions = {address for address in columns["superuser"] if address.method == ACTION}
    assert actions == {address for address in addresses() if address.method == ACTION}
