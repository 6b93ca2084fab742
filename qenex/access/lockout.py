"""Too many failures: who is locked out, for how long, and who is not.

Failures are counted in django-axes' table, by three keys: a browser that has signed in before (it holds a signed
cookie, so that a stranger's failures are never its own), an address with a user name, and an address with whatever
names. Ten of them lock the key for thirty minutes. Against failures of one user from ever new addresses, strangers to
this user may try once in thirty seconds only; nobody is locked out by that, and known browsers are not slowed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db.models import Max, QuerySet, Sum
from django.utils.crypto import salted_hmac

from qenex.kernel import clock, events
from qenex.kernel.personal import STRANGERS
from qenex.kernel.transactions import run

LIMIT = 10
COOL_OFF = timedelta(minutes=30)
SLOW_LIMIT = 30
"""Failures of one user from all strange browsers after which these may try seldom."""
SLOW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Client:
    """Who tries: the name that was given, from where, and the id of a browser that this user has signed in with."""

    username: str
    address: str | None
    device: str = ""

    @property
    def name(self) -> str:
        """The name in the table; of nobody's name a keyed hash: it may be a password in the wrong field."""
        if User.objects.filter(username=self.username).exists():
            return self.username
        return f"? {salted_hmac('qenex.access.lockout', self.username, algorithm='sha256').hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Lock:
    """A refusal to look at any password, until when and by which key."""

    key: str
    until: datetime

    @property
    def seconds(self) -> int:
        """How long it lasts from now, for Retry-After."""
        return max(1, -int(-(self.until - clock.now()).total_seconds() // 1))


def locked(client: Client) -> Lock | None:
    """The lock that stands against a client."""
    recent = AccessAttempt.objects.filter(attempt_time__gt=clock.now() - COOL_OFF)
    if client.device:
        return _full("device", recent.filter(**_key(client)))
    strange = recent.filter(user_agent="")
    lock = None
    if client.address is not None:
        lock = _full("address", strange.filter(ip_address=client.address))
    return lock or _slow(strange.filter(username=client.name))


def failed(client: Client, *, stage: str) -> Lock | None:
    """Counts a failure, at the `stage` "password" or "second_factor", and records it; the lock that stands now."""

    def command() -> Lock | None:
        _count(client)
        user = User.objects.filter(username=client.username).values_list("pk", flat=True).first()
        subject = "unknown" if user is None else str(user)
        data = {"stage": stage, "known_browser": bool(client.device)}
        _emit("sign_in.failed", subject, data, {"address": client.address})
        lock = locked(client)
        if lock is not None and lock.key != "user":
            data = {"key": lock.key, "until": lock.until.isoformat()}
            _emit("lockout.started", subject, data, {"address": client.address})
        return lock

    return run(command)


def succeeded(client: Client) -> None:
    """Forgets the failures of this user from this address, or with this browser: both factors were right."""
    AccessAttempt.objects.filter(**_key(client)).delete()


def lockout_lift(*, rows: QuerySet[AccessAttempt]) -> int:
    """Forgets these failures, and records it; how many rows there were."""

    def command() -> int:
        found = list(rows.select_for_update().order_by("pk"))
        for row in found:
            traces = {"name": row.username, "address": row.ip_address}
            _emit("lockout.lifted", row.pk, {"failures": row.failures_since_start}, traces, kind="lockout")
        AccessAttempt.objects.filter(pk__in=[row.pk for row in found]).delete()
        return len(found)

    return run(command)


def forget_old() -> int:
    """Deletes what no lock can come of any more; how many rows there were."""
    found: int = AccessAttempt.objects.filter(attempt_time__lte=clock.now() - COOL_OFF).delete()[0]
    return found


def _emit(what: str, subject: object, data: dict[str, Any], traces: dict[str, Any], kind: str = "user") -> None:
    """An event of somebody who has not shown who he is: the address may be an attacker's, and is no user's datum."""
    sealed = {f"data.{name}": value for name, value in traces.items()}
    events.emit(f"access.{what}", subject_type=kind, subject_id=subject, data=data, whose=STRANGERS, traces=sealed)


def _count(client: Client) -> None:
    """One more, or the first after a pause. Two at once are told apart by the isolation level, and one comes again."""
    now = clock.now()
    rows = AccessAttempt.objects.filter(**_key(client)).order_by("pk")
    row = rows.select_for_update().first()
    if row is None:
        unused = {"http_accept": "", "path_info": "", "get_data": "", "post_data": ""}
        row = AccessAttempt.objects.create(**_key(client), **unused, failures_since_start=0)
    count = row.failures_since_start if row.attempt_time > now - COOL_OFF else 0
    AccessAttempt.objects.filter(pk=row.pk).update(failures_since_start=count + 1, attempt_time=now)


def _key(client: Client) -> dict[str, str | None]:
    if client.device:
        return {"username": client.name, "ip_address": None, "user_agent": f"device {client.device}"}
    return {"username": client.name, "ip_address": client.address, "user_agent": ""}


def _full(key: str, rows: QuerySet[AccessAttempt]) -> Lock | None:
    found = rows.aggregate(count=Sum("failures_since_start"), last=Max("attempt_time"))
    return Lock(key, found["last"] + COOL_OFF) if (found["count"] or 0) >= LIMIT else None


def _slow(rows: QuerySet[AccessAttempt]) -> Lock | None:
    found = rows.aggregate(count=Sum("failures_since_start"), last=Max("attempt_time"))
    if (found["count"] or 0) < SLOW_LIMIT or found["last"] + SLOW <= clock.now():
        return None
    return Lock("user", found["last"] + SLOW)
