"""Sessions of staff: opened by a password, verified by a second factor, ended by time, by their user or by others."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models import Q, QuerySet

from qenex.access.models import Ended, Method, Person, StaffSession
from qenex.access.sessionstore import SessionStore, hashed
from qenex.access.tokens.families import families_end
from qenex.kernel import clock, context, events
from qenex.kernel.middleware import signed_in
from qenex.kernel.personal import person
from qenex.kernel.transactions import is_transient, run

__all__ = ["Ended", "Method", "StaffSession"]

IDLE = timedelta(minutes=15)
"""Without a request for so long, a session ends; up to SEEN earlier, for that is how exactly requests are noted."""
ABSOLUTE = timedelta(hours=8)
SEEN = timedelta(minutes=1)
"""How seldom `last_seen_at` is written."""
AT_ONCE = 10
"""How many sessions a user may have open; a further sign-in ends the oldest."""
USER_AGENT_LENGTH = 200


def limit_passed(session: StaffSession, now: datetime) -> Ended | None:
    """The limit that the session has passed, if there is one."""
    if now >= session.created_at + ABSOLUTE:
        return Ended.EXPIRED
    if now >= session.last_seen_at + IDLE:
        return Ended.IDLE
    return None


def find(key: str) -> StaffSession | None:
    """The session of a key that has not ended, whatever the limits say. One query."""
    return StaffSession.objects.filter(key_hash=hashed(key), ended_at__isnull=True).first()


def is_live(session_id: UUID) -> bool:
    """Whether the session is verified, has not ended, is within its limits and its user is active. One query."""
    session = StaffSession.objects.select_related("user").filter(pk=session_id, ended_at__isnull=True).first()
    if session is None or session.verified_at is None or not session.user.is_active:
        return False
    return limit_passed(session, clock.now()) is None


def satisfied(session: StaffSession, user: Any) -> bool:
    """Whether the session has shown the second factor that its user needs."""
    if session.verified_at is None:
        return False
    return session.verified_by in methods_of(user)


def methods_of(user: Any) -> frozenset[str]:
    """The second factors that count for the user: outside the embedded profile, superusers need a passkey.

    A recovery code counts for everybody: it is what a lost passkey is replaced with.
    """
    if user.is_superuser and not settings.EMBEDDED:
        return frozenset({Method.PASSKEY, Method.RECOVERY})
    return frozenset(Method.values)


def session_open(*, user: AbstractBaseUser, key: str, address: str | None, user_agent: str) -> StaffSession:
    """Records that the user gave the password in a browser; the oldest of more than ten sessions ends."""
    now = clock.now()
    due = Person.objects.filter(user_id=user.pk, password_due=True).exists()
    session = StaffSession(
        user_id=user.pk,
        password_due=due,
        key_hash=hashed(key),
        address=address,
        user_agent=user_agent[:USER_AGENT_LENGTH].replace("\0", ""),
        created_at=now,
        last_seen_at=now,
    )

    def command() -> StaffSession:
        session.save(force_insert=True)
        with context.acting(signed_in(context.current(), user, "password", str(session.pk))):
            _emit("opened", session, {"user": user.get_username()})
        own = StaffSession.objects.filter(user_id=user.pk, ended_at__isnull=True).order_by("-created_at", "-pk")
        surplus = list(own.values_list("pk", flat=True)[AT_ONCE:])
        if surplus:
            end_in_transaction(StaffSession.objects.filter(pk__in=surplus), Ended.TOO_MANY)
        return session

    return run(command)


def session_verify(*, session: StaffSession, method: Method, key: str) -> StaffSession:
    """Records that the user of the session has shown a second factor; `key` is the browser's new session key."""
    now = clock.now()
    session.verified_at = session.stepped_up_at = session.last_seen_at = now
    session.verified_by = method
    session.key_hash = hashed(key)

    def command() -> StaffSession:
        session.save(
            update_fields=["verified_at", "verified_by", "stepped_up_at", "last_seen_at", "key_hash"],
        )
        _emit("verified", session, {"method": str(method)})
        return session

    return run(command)


def session_rekey(*, session: StaffSession, key: str) -> None:
    """Follows the browser's session to the new key that Django has given it."""
    session.key_hash = hashed(key)
    run(lambda: session.save(update_fields=["key_hash"]))


def session_step_up(*, session: StaffSession, method: Method) -> StaffSession:
    """Records that the user of a verified session has shown a second factor again."""
    session.stepped_up_at = clock.now()

    def command() -> StaffSession:
        session.save(update_fields=["stepped_up_at"])
        _emit("stepped_up", session, {"method": str(method)})
        return session

    return run(command)


def session_end(*, session: StaffSession, reason: Ended) -> bool:
    """Ends a session; whether it was still open. It is dead from the next request on."""
    return run(lambda: end_in_transaction(StaffSession.objects.filter(pk=session.pk), reason)) == 1


def sessions_end_all(*, user: Any, reason: Ended, but: UUID | None = None) -> int:
    """Ends a user's sessions, perhaps but one, and all sign-ins of his programs; how many of both were open."""
    return run(lambda: end_all_in_transaction(user=user, reason=reason, but=but))


def sessions_expire() -> int:
    """Ends the sessions that have passed a limit without another request, and forgets Django's; how many."""
    now = clock.now()
    passed = Q(created_at__lte=now - ABSOLUTE) | Q(last_seen_at__lte=now - IDLE)
    found = StaffSession.objects.filter(passed, ended_at__isnull=True).order_by("pk")
    count = sum(_expire(session) for session in found)
    SessionStore.clear_expired()
    return count


def _expire(session: StaffSession) -> int:
    def command() -> int:
        row = StaffSession.objects.select_for_update().filter(pk=session.pk)
        present = row.first()
        reason = None if present is None else limit_passed(present, clock.now())
        return 0 if reason is None else end_in_transaction(row, reason)

    return run(command)


def end_in_transaction(sessions: QuerySet[StaffSession], reason: Ended) -> int:
    """Ends the open ones of these sessions within the transaction of a larger command; how many were open."""
    found = list(sessions.filter(ended_at__isnull=True).select_for_update().order_by("pk"))
    by = context.current().actor_id
    for session in found:
        session.ended_at, session.ended_by, session.ended_reason = clock.now(), by, reason
        session.save(update_fields=["ended_at", "ended_by", "ended_reason"])
        _emit("ended", session, {"reason": str(reason)})
    Session.objects.filter(session_key__in=[each.key_hash for each in found]).delete()
    return len(found)


def end_all_in_transaction(*, user: Any, reason: Ended, but: UUID | None = None) -> int:
    """The same within the transaction of a larger command.

    Whoever deactivates a user calls it before that: a trigger would end them then, too, but without events.
    """
    found = StaffSession.objects.filter(user_id=user.pk)
    programs = families_end(user=user, reason=str(reason))
    return programs + end_in_transaction(found if but is None else found.exclude(pk=but), reason)


def see(session: StaffSession) -> None:
    """Notes that the session is in use, once a minute at most."""
    now = clock.now()
    if now < session.last_seen_at + SEEN:
        return
    try:
        StaffSession.objects.filter(pk=session.pk).update(last_seen_at=now)
    except OperationalError as error:
        if not is_transient(error):  # else another request of the same browser has noted it
            raise


def _emit(what: str, session: StaffSession, data: dict[str, Any]) -> None:
    events.emit(
        f"access.session.{what}",
        subject_type="user",
        subject_id=session.user_id,
        data={"session": str(session.pk), **data},
        whose=person(session.user_id),
        traces={"data.address": session.address},
    )
