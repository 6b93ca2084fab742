"""Users, but for what is secret or personal."""

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import Told

_SECRET = "A secret: the log says only that and when it was changed."  # noqa: S105  # a reason
_PERSONAL = "Personal data, which the log holds sealed at most."
_ACTIVE = "user_id IN (SELECT id FROM {} WHERE is_active)"
OF_ACTIVE = (_ACTIVE.format("auth_user"), _ACTIVE.format("replay_auth_user"))
"""What holds for live and for replayed rows of active users; the projection needs that of the users before it."""
_FLAGS = ("username", "is_active", "is_staff", "is_superuser")


class Users(Projection):
    """From the events of users, and those of passwords for what a user still has to do."""

    name = "users"
    tables = (
        Table(
            *("auth_user", ("id",), (*_FLAGS, "date_joined")),
            {
                "password": _SECRET,
                "last_login": "Technical: every sign-in has an event of its own.",
                **dict.fromkeys(("first_name", "last_name", "email"), _PERSONAL),
            },
        ),
        Table("access_person", ("user_id",), ("password_due", "active_since")),
    )
    events = frozenset(f"access.{name}" for name in ("user.created", "user.changed", "user.deactivated"))
    events |= {"access.password.changed"}

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Makes a user or changes one."""
        if told.type == "access.user.created":
            self._create(told, shadows)
        elif told.type == "access.password.changed":
            self._person(told, shadows, password_due=told.data["by"] != "user")
        else:
            flags = {name: value for name, value in told.after.items() if name in _FLAGS}
            if flags:
                shadows["auth_user"].change(told.subject, by=told.type, **flags)
            if "active_since" in told.data:
                self._person(told, shadows, active_since=told.data["active_since"])

    def _create(self, told: Told, shadows: Shadows) -> None:
        data = told.data
        flags = {"is_active": data["active"], "is_staff": data["staff"], "is_superuser": data["superuser"]}
        shadows["auth_user"].put(told.subject, username=data["user"], **flags, date_joined=data["joined_at"])
        if data["active_since"] is not None:
            shadows["access_person"].put(told.subject, password_due=True, active_since=data["active_since"])

    def _person(self, told: Told, shadows: Shadows, **values: object) -> None:
        """What is known besides, of whom nothing may have been until now."""
        people = shadows["access_person"]
        row = people.get(told.subject) or {"password_due": False, "active_since": None}
        people.put(told.subject, **{**row, **values})
