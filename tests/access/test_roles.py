"""The roles that ship: what they hold, and that nothing else stays in their groups."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from qenex.access import roles
from qenex.access.roles import APART, MOVING, ROLES
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.support.marked import marked


@pytest.fixture
def known(database: None) -> frozenset[str]:
    """Every permission there is."""
    return frozenset(roles.known_permissions())


def held(name: str) -> frozenset[str]:
    """The permissions of a group."""
    found = Permission.objects.filter(group__name=name).values_list("content_type__app_label", "codename")
    return frozenset(f"{app}.{codename}" for app, codename in found)


def sync(verbosity: int = 1) -> list[str]:
    """What the command says."""
    out = StringIO()
    call_command("roles_sync", verbosity=verbosity, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture
def tampered(database: None) -> Iterator[Group]:
    """The tellers' group, to be edited and set right again."""
    yield Group.objects.get(name="teller")
    sync()


def test_a_migrated_database_has_every_role_with_just_its_permissions(known: frozenset[str]) -> None:
    assert {name: held(name) for name in ROLES} == {name: role.granted(known) for name, role in ROLES.items()}
    assert list(ROLES) == [
        *("teller", "operations", "risk-analyst", "compliance-officer", "treasurer", "auditor", "administrator")
    ]


def test_nobody_but_who_is_to_moves_money(known: frozenset[str]) -> None:
    assert {name: sorted(role.granted(known) & MOVING) for name, role in ROLES.items()} == {
        "teller": ["ledger.post_transfer"],
        "operations": [
            *("ledger.post_journal", "ledger.post_transfer", "ledger.resolve_hold", "ledger.reverse_journal")
        ],
        "risk-analyst": [],
        "compliance-officer": [],
        "treasurer": ["ledger.post_exchange", "ledger.post_journal"],
        "auditor": [],
        "administrator": [],
    }


def test_the_auditor_reads_all_there_is_and_verifies_and_exports_the_log(known: frozenset[str]) -> None:
    reading = {name for name in known if name.split(".")[1].startswith("view_")}
    assert ROLES["auditor"].granted(known) == reading | {"compliance.run_trailcheck", "compliance.export_log"}
    assert "kernel.view_event" in reading


def test_the_administrator_has_no_permission_of_the_ledger(known: frozenset[str]) -> None:
    assert [name for name in ROLES["administrator"].granted(known) if name.startswith("ledger.")] == []


def test_only_the_auditor_has_a_pattern_that_an_unknown_app_could_fill() -> None:
    wide = [name for name, role in ROLES.items() if any(each.startswith("*") for each in role.permissions)]
    assert wide == ["auditor"]
    stars = {each for role in ROLES.values() for each in role.permissions if "*" in each}
    assert all(each.endswith(".view_*") for each in stars)


def test_no_permission_is_spelt_wrong(known: frozenset[str]) -> None:
    coming = {"risk", "compliance", "amm", "ledger.reopen_period"}
    absent = {each for role in ROLES.values() for each in role.absent(known)}
    installed = {each for each in absent if each.split(".")[0] not in coming and each not in coming}
    assert {each for each in installed if not each.startswith("access.")} == set()


def test_whoever_moves_money_does_not_watch_over_it() -> None:
    watching = {"risk-analyst", "compliance-officer", "auditor", "administrator"}
    moving = {"teller", "operations", "treasurer"}
    assert {frozenset((one, other)) for one in watching for other in moving} <= APART


def test_the_pairs_that_one_person_must_not_have_are_found() -> None:
    assert roles.conflicts(["teller", "operations", "a group of the site"]) == []
    assert roles.conflicts(["teller", "auditor"]) == [("auditor", "teller")]
    assert roles.conflicts(["teller", "treasurer", "administrator"]) == [
        *(("administrator", "teller"), ("administrator", "treasurer"), ("teller", "treasurer"))
    ]


def test_a_second_sync_says_and_writes_nothing(database: None) -> None:
    before = Event.objects.filter(subject_type="role").count()
    assert sync() == []
    assert Event.objects.filter(subject_type="role").count() == before


def test_what_was_edited_in_a_shipped_group_is_undone_with_an_event(tampered: Group) -> None:
    added = Permission.objects.get(codename="reverse_journal")
    taken = Permission.objects.get(codename="view_hold")
    with marked():
        tampered.permissions.add(added)
        tampered.permissions.remove(taken)
    user = make_user()
    with marked():
        user.groups.add(tampered)
    assert sync() == [
        "Role teller was given: ledger.view_hold.",
        "Role teller lost: ledger.reverse_journal.",
    ]
    assert not type(user).objects.get(pk=user.pk).has_perm("ledger.reverse_journal")
    event = Event.objects.filter(subject_type="role", subject_id=tampered.pk).order_by("-recorded_at")[0]
    assert (event.type, event.actor) == ("access.role.reset", "roles_sync")
    changed = json.loads(bytes(event.body))["changes"]["permissions"]
    assert set(changed["before"]) ^ set(changed["after"]) == {"ledger.reverse_journal", "ledger.view_hold"}


def test_a_group_of_the_site_is_left_alone(database: None) -> None:
    with marked():
        group = Group.objects.create(name=f"own-{make_user().username}")
        group.permissions.add(Permission.objects.get(codename="view_book"))
    sync()
    assert held(group.name) == {"ledger.view_book"}


def test_what_is_still_to_come_is_listed_when_asked(database: None) -> None:
    [line] = [line for line in sync(verbosity=2) if line.startswith("Role treasurer is to have, once there is: ")]
    assert line.endswith("ledger.reopen_period, amm.view_*, amm.add_pool, amm.change_pool, amm.add_liquidity.")
