"""Roles, what each may do, and who has which."""

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import Told

_NUMBER = "The number of a row, which nothing refers to."
_NAMED = "Here by its name: its number is another one in every installation."
_PERMISSIONS = """
SELECT g.{owner}, c.app_label || '.' || p.codename AS permission
FROM {table} g JOIN auth_permission p ON p.id = g.permission_id JOIN django_content_type c ON c.id = p.content_type_id
"""
_MAY = "auth_group_permissions"
_MAY_BESIDES = "auth_user_user_permissions"
ROLE = ("access.role.created", "access.role.changed", "access.role.reset", "access.role.deleted")


class Roles(Projection):
    """From the events of roles, those that migrations emit for the shipped ones included."""

    name = "roles"
    tables = (
        Table("auth_group", ("id",), ("name",)),
        Table(
            *(_MAY, ("group_id", "permission")),
            left_out={"id": _NUMBER, "permission_id": _NAMED},
            live=_PERMISSIONS.format(owner="group_id", table=_MAY),
        ),
    )
    events = frozenset(ROLE)

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Makes a role, changes or deletes one."""
        roles = shadows["auth_group"]
        if told.type == "access.role.deleted":
            self._grant(told.subject, (), shadows)
            roles.remove(told.subject)
            return
        roles.put(told.subject, name=told.data["role"])
        if "permissions" in told.changes:
            self._grant(told.subject, told.after["permissions"], shadows)

    def _grant(self, role: str, permissions: tuple[str, ...], shadows: Shadows) -> None:
        granted = shadows[_MAY]
        for key in granted.find(group_id=role):
            granted.remove(*key)
        for permission in permissions:
            granted.put(role, permission)


class Memberships(Projection):
    """Who has which roles. Nobody has a permission but by a role, so that every other one is a difference."""

    name = "memberships"
    tables = (
        Table("auth_user_groups", ("user_id", "group_id"), left_out={"id": _NUMBER}),
        Table(
            *(_MAY_BESIDES, ("user_id", "permission")),
            left_out={"id": _NUMBER, "permission_id": _NAMED},
            live=_PERMISSIONS.format(owner="user_id", table=_MAY_BESIDES),
        ),
    )
    events = frozenset({"access.user.roles_changed", "access.role.deleted"})
    after = ("roles",)

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Gives a user the roles that have these names now."""
        having = shadows["auth_user_groups"]
        if told.type == "access.role.deleted":
            for key in having.find(group_id=told.subject):
                having.remove(*key)
            return
        for key in having.find(user_id=told.subject):
            having.remove(*key)
        for name in told.after["roles"]:
            for (role,) in shadows["auth_group"].find(name=name):
                having.put(told.subject, role)
