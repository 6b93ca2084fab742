"""What a role (a group) is called and may do. What it gains may take two people; what it loses is lost at once."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat

from qenex.access import roles
from qenex.access.approvals.policy import demand
from qenex.access.people import PersonError
from qenex.kernel import events
from qenex.kernel.transactions import run

CHANGE = "access.group.change"
LONGEST = 150


def permissions_of(permissions: Any) -> tuple[str, ...]:
    """Permissions as `app.codename`, in their order. One query."""
    name = Concat(F("content_type__app_label"), Value("."), F("codename"))
    return tuple(sorted(permissions.order_by().annotate(full=name).values_list("full", flat=True)))


def group_set(*, group: int | None, name: str, permissions: Iterable[str], seen: Iterable[str] = ()) -> Group:
    """Makes a role, or gives one another name and other permissions; `seen` is what it may do now.

    Raises PersonError, and ApprovalRequired where the role gains by it.
    """
    wanted, known = tuple(sorted(set(permissions))), tuple(sorted(seen))

    def work() -> Group:
        found = Group.objects.select_for_update().filter(pk=group).first() if group is not None else None
        before = () if found is None else permissions_of(found.permissions)
        _require(group is None or found is not None, "The role is not there any more.")
        _require(known == before, "What the role may do was changed meanwhile.")
        _require(bool(name.strip()) and len(name) <= LONGEST, "A role has a name of at most 150 characters.")
        others = Group.objects.filter(name=name)
        taken = others.exists() if group is None else others.exclude(pk=group).exists()
        _require(not taken, "There is a role of this name already.")
        _require(set(wanted) <= roles.known_permissions().keys(), "One of the permissions does not exist.")
        if set(wanted) - set(before):
            demand(CHANGE, {"group": group, "name": name, "permissions": wanted, "seen": before})
        return _write(found, name, before, wanted)

    return run(work)


def group_delete(*, group: Group) -> None:
    """Takes a role away from everybody who has it, for ever; in the open transaction, or in one of its own."""

    def work() -> None:
        before = permissions_of(group.permissions)
        members = sorted(group.user_set.values_list("pk", flat=True))
        events.emit(
            "access.role.deleted",
            subject_type="role",
            subject_id=group.pk,
            data={"role": group.name, "members": members},
            changes={"permissions": (before, ())},
        )
        group.delete()

    if connection.in_atomic_block:
        work()
    else:
        run(work)


def _require(fulfilled: bool, message: str) -> None:
    if not fulfilled:
        raise PersonError(message)


def _write(found: Group | None, name: str, before: tuple[str, ...], wanted: tuple[str, ...]) -> Group:
    group = found or Group()
    changes = {"name": (group.name, name), "permissions": (before, wanted)}
    group.name = name
    group.save()
    known = roles.known_permissions()
    group.permissions.set([known[each] for each in wanted])
    events.emit(
        "access.role.created" if found is None else "access.role.changed",
        subject_type="role",
        subject_id=group.pk,
        data={"role": name},
        changes={field: pair for field, pair in changes.items() if pair[0] != pair[1]},
    )
    return group
