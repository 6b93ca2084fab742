"""Users: made, changed, given roles, deactivated. Only superusers have a hand in superusers, and one always stays."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import DateTimeField, F, Max
from django.db.models.functions import Coalesce, Greatest

from qenex.access import roles, sessions
from qenex.access.approvals.errors import ApprovalRequired
from qenex.access.approvals.policy import demand
from qenex.access.models import Ended, FormerPassword, Person
from qenex.kernel import clock, context, events
from qenex.kernel.personal import person
from qenex.kernel.transactions import run

IDLE_DAYS = 90
"""After so many days without a sign-in a user is deactivated (PCI DSS 8.2.6)."""
PROMOTE = "access.user.promote"
GAINS = ("is_active", "is_staff", "is_superuser")
"""What somebody gains may take two people; what somebody loses is lost at once."""
NAMES = ("first_name", "last_name", "email")
"""Personal data: what they were and are is in the log under the user's own key only."""
FIELDS = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")


class PersonError(ValueError):
    """What was asked for is refused; the text is for people."""

    code = "invalid"


class NotYours(PersonError):
    """Somebody without that right has asked for something with a superuser."""

    code = "permission_denied"


class LastSuperuser(PersonError):
    """Nobody would be left who may do everything."""


class Conflict(PersonError):
    """Roles that one person must not have together."""


def user_create(*, user: User) -> User:
    """A new user with the name and the hash of a password that somebody else has chosen: it must be changed at once."""

    def command() -> User:
        _check_superuser(user.is_superuser)
        now = clock.now()
        user.save(force_insert=True)
        Person.objects.create(user=user, password_due=True, active_since=now)
        FormerPassword.objects.create(user=user, encoded=user.password, created_at=now)
        tell_created(user, active_since=now)
        return user

    return run(command)


def tell_created(user: User, *, active_since: datetime | None = None) -> None:
    """The event of a new user; `active_since` where a Person was made beside him."""
    flags = {"staff": user.is_staff, "superuser": user.is_superuser, "active": user.is_active}
    emit("created", user, {**flags, "joined_at": user.date_joined, "active_since": active_since}, version=2)


def user_change(*, user: User, fields: Mapping[str, Any]) -> User:
    """Changes fields of a user. Whoever stops being active, staff or a superuser is signed out everywhere.

    Raises NotYours, LastSuperuser, and ApprovalRequired where somebody becomes active, staff or a superuser.
    """
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise ValueError(f"not to be changed here: {', '.join(sorted(unknown))}")

    def command() -> User:
        found = User.objects.select_for_update().get(pk=user.pk)
        changes = {name: (getattr(found, name), value) for name, value in fields.items()}
        changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
        if not changes:
            return found
        _check_superuser(found.is_superuser or "is_superuser" in changes)
        if any(changes.get(name) == (False, True) for name in GAINS):
            _demand_promotion(found, {name: value for name, (_, value) in changes.items()})
        was = found.is_superuser and found.is_active
        if any(changes.get(name) == (True, False) for name in ("is_active", "is_staff", "is_superuser")):
            sessions.end_all_in_transaction(user=found, reason=Ended.DEACTIVATED)
        for name, (_, value) in changes.items():
            setattr(found, name, value)
        found.save(update_fields=list(changes))
        _check_one_left(was)
        since = clock.now() if changes.get("is_active") == (False, True) else None
        if since is not None:
            Person.objects.update_or_create(user=found, defaults={"active_since": since})
        emit("changed", found, {} if since is None else {"active_since": since}, changes, version=2)
        return found

    return run(command)


def _demand_promotion(user: User, fields: dict[str, Any]) -> None:
    """Raises ApprovalRequired, and PersonError where names would wait with it: requests are kept for ever, in clear."""
    try:
        demand(PROMOTE, {"user": user.pk, "fields": fields})
    except ApprovalRequired:
        if set(fields) & set(NAMES):
            raise PersonError("Change names and the e-mail address first: the rest takes a second person.") from None
        raise


def roles_change(*, user: User, names: Collection[str]) -> None:
    """Gives a user exactly these groups. Raises NotYours, Conflict, and Group.DoesNotExist for an unknown name."""
    run(lambda: change_roles(user, names))


def change_roles(user: User, names: Collection[str]) -> list[str]:
    """The same within the transaction of a larger command; the roles that the user now has."""
    check_roles(user, names)
    groups = [Group.objects.get(name=name) for name in sorted(names)]
    before = sorted(user.groups.values_list("name", flat=True))
    if before != sorted(names):
        user.groups.set(groups)
        emit("roles_changed", user, {}, {"roles": (before, sorted(names))})
    return sorted(names)


def check_roles(user: User, names: Iterable[str]) -> None:
    """Raises NotYours and Conflict."""
    _check_superuser(user.is_superuser)
    if user.pk == context.current().authority_id and not _acts_superuser():
        raise NotYours("Nobody gives roles to himself.")
    pairs = roles.conflicts(names)
    if pairs:
        raise Conflict(f"Nobody may have both: {', '.join(' and '.join(pair) for pair in pairs)}.")


def check_mine(user: User) -> None:
    """Raises NotYours where the user is a superuser and who acts is not."""
    _check_superuser(user.is_superuser)


def has_page(user: User) -> bool:
    """Whether the user can sign in to the back office, and so has pages of his own."""
    return user.is_active and user.is_staff and user.has_usable_password()


def users_deactivate_idle() -> int:
    """Deactivates whoever has not signed in for 90 days, but never the last active superuser; how many."""
    count = 0
    for user in idle_users():
        try:
            count += user_deactivate(user=user)
        except LastSuperuser:
            continue
    return count


def user_deactivate(*, user: User) -> bool:
    """Deactivates an idle user; whether he still was active. Raises LastSuperuser."""

    def command() -> bool:
        found = User.objects.select_for_update().filter(pk=user.pk, is_active=True).first()
        if found is None:
            return False
        sessions.end_all_in_transaction(user=found, reason=Ended.DEACTIVATED)
        found.is_active = False
        found.save(update_fields=["is_active"])
        _check_one_left(found.is_superuser)
        emit("deactivated", found, {"idle_days": IDLE_DAYS}, {"is_active": (True, False)})
        return True

    return run(command)


def idle_users() -> list[User]:
    """Active users without a sign-in, a session's request or an administrator's word for 90 days, oldest first."""
    since = clock.now() - timedelta(days=IDLE_DAYS)
    last: Any = Greatest(
        F("date_joined"),
        Coalesce(F("last_login"), F("date_joined")),
        Coalesce(F("person__active_since"), F("date_joined")),
        Coalesce(Max("staff_sessions__last_seen_at"), F("date_joined"), output_field=DateTimeField()),
    )
    return list(User.objects.filter(is_active=True).annotate(last=last).filter(last__lt=since).order_by("last", "pk"))


def emit(
    what: str,
    user: User,
    data: dict[str, Any],
    changes: dict[str, tuple[Any, Any]] | None = None,
    *,
    version: int = 1,
) -> None:
    """One event of a user; what people are called is sealed."""
    changes = changes or {}
    events.emit(
        f"access.user.{what}",
        subject_type="user",
        subject_id=user.pk,
        data={"user": user.get_username(), **data},
        changes={name: pair for name, pair in changes.items() if name not in NAMES},
        whose=person(user.pk),
        personal={
            f"changes.{name}": {"before": before, "after": after}
            for name, (before, after) in changes.items()
            if name in NAMES
        },
        version=version,
    )


def _acts_superuser() -> bool:
    """Whether a superuser acts, or the system itself."""
    by = context.current().authority_id
    return by is None or User.objects.filter(pk=by, is_superuser=True, is_active=True).exists()


def _check_superuser(concerned: bool) -> None:
    if concerned and not _acts_superuser():
        raise NotYours("Only a superuser may do this with a superuser.")


def _check_one_left(was_one: bool) -> None:
    if was_one and not User.objects.filter(is_superuser=True, is_active=True).exists():
        raise LastSuperuser("The last active superuser stays: make another one first.")
