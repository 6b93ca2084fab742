"""Applying the retention rules: what is too old goes by itself, each class in its own way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from axes.models import AccessAttempt
from django.db.models import Q
from django.db.models.functions import Right

from compliance.models import DataClass, Ground, RetentionRule
from compliance.models.privacy import EVERYBODY
from compliance.privacy import holds, kinds, rules
from compliance.privacy.erasing import subject_erase
from compliance.privacy.errors import PrivacyError
from qenex.access.models import ApiKey, StaffSession, TokenFamily
from qenex.kernel import events
from qenex.kernel.context import acting, task
from qenex.kernel.ids import uuid7
from qenex.kernel.transactions import run
from qenex.vault import shredding, subjects
from qenex.vault.models import DataKey
from qenex.vault.personal import PURPOSE

BATCH = 1_000
MONTH = 7
"""The length of 2026-11."""


class Outcome(NamedTuple):
    """What became, or would become, of a class."""

    data_class: str
    before: datetime
    """What is older went."""
    gone: int
    held: bool
    """Whether a legal hold kept some or all of it."""
    refused: int = 0


def retention_apply(*, dry_run: bool = False) -> list[Outcome]:
    """Ends what is too old under each active rule; one transaction and event for each step, and an event of the run.

    With `dry_run` nothing is changed. Raises ProviderUnavailable.
    """
    found = [_apply(rule, dry_run) for rule in RetentionRule.objects.filter(active=True).order_by("data_class")]
    if not dry_run:
        run(lambda: _tell(found))
    return found


def _tell(found: list[Outcome]) -> None:
    data = {each.data_class: {"before": each.before, "gone": each.gone, "held": each.held} for each in found}
    events.emit("compliance.retention.applied", subject_type="retention", subject_id=uuid7(), data=data)


def _apply(rule: RetentionRule, dry_run: bool) -> Outcome:
    limit = rules.before(rule)
    held = holds.held_subjects(rule.data_class)
    if EVERYBODY in held:
        return Outcome(rule.data_class, limit, 0, True)
    gone, refused = APPLIED[DataClass(rule.data_class)](limit, held, dry_run)
    return Outcome(rule.data_class, limit, gone, bool(held), refused)


Applied = tuple[int, int]
"""How much went, and how much was refused."""


def _traces(limit: datetime, held: set[str], dry_run: bool) -> Applied:
    """The months that were over at the limit."""
    parts = DataKey.objects.filter(purpose=PURPOSE, subject__contains=subjects.PART, shredded_at=None)
    months = sorted(set(parts.annotate(month=Right("subject", MONTH)).values_list("month", flat=True).distinct()))
    over = [month for month in months if _end_of(month) <= limit]
    if dry_run:
        kept = [f"{name}{subjects.PART}{month}" for name in held for month in over]
        due = parts.annotate(month=Right("subject", MONTH)).filter(month__in=over).exclude(subject__in=kept)
        return due.count(), 0
    return sum(run(partial(_expire, month, held)) for month in over), 0


def _expire(month: str, held: set[str]) -> int:
    count = shredding.expire(PURPOSE, month, but=held)
    if count:
        _step(DataClass.TRACES, {"month": month, "keys": count})
    return count


def _end_of(month: str) -> datetime:
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return (first + timedelta(days=32)).replace(day=1)


def _sessions(limit: datetime, held: set[str], dry_run: bool) -> Applied:
    """Sessions and programs' sign-ins that ended before the limit."""
    kept = ~Q(user__in=_users(held))
    queries = (
        StaffSession.objects.filter(kept, ended_at__lt=limit),
        TokenFamily.objects.filter(kept, expires_at__lt=limit),
    )
    return sum(_delete(DataClass.SESSIONS, query, dry_run) for query in queries), 0


def _failures(limit: datetime, held: set[str], dry_run: bool) -> Applied:
    """Failures of before the limit; these are of names, most of which are nobody's."""
    return _delete(DataClass.FAILURES, AccessAttempt.objects.filter(attempt_time__lt=limit), dry_run), 0


def _delete(data_class: DataClass, query: Any, dry_run: bool) -> int:
    if dry_run:
        return int(query.count())
    gone = 0
    while count := run(partial(_delete_some, data_class, query)):
        gone += count
    return gone


def _delete_some(data_class: DataClass, query: Any) -> int:
    rows = list(query.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if rows:
        query.model._default_manager.filter(pk__in=rows).delete()
        _step(data_class, {"table": query.model._meta.db_table, "rows": len(rows)})
    return len(rows)


def _key_use(limit: datetime, held: set[str], dry_run: bool) -> Applied:
    """From where keys were used that were not used since the limit."""
    due = ApiKey.objects.filter(last_used_at__lt=limit, last_used_address__isnull=False)
    due = due.exclude(owner__in=_users(held))
    return due.count() if dry_run else run(lambda: _blank(due)), 0


def _blank(due: Any) -> int:
    count: int = due.update(last_used_address=None)
    if count:
        _step(DataClass.KEY_USE, {"rows": count})
    return count


def _people(limit: datetime, held: set[str], dry_run: bool) -> Applied:
    """Those who left and did nothing since the limit: erased one by one."""
    due = [name for kind in kinds.all() for name in kind.long_gone(limit) if name not in held]
    if dry_run:
        return len(due), 0
    refused = 0
    for name in due:
        try:
            with acting(task("retention")):  # whoever let it run: the rule says that these go, and nobody else need
                subject_erase(subject=name, reason=Ground.RETENTION)
        except PrivacyError:  # a hold of another class, or something that is still open: the next run asks again
            refused += 1
    return len(due) - refused, refused


def _users(names: set[str]) -> list[int]:
    return [int(name.partition(":")[2]) for name in names if name.startswith("auth.user:")]


def _step(data_class: DataClass, data: dict[str, Any]) -> None:
    """One event of what went in a transaction; it names nobody."""
    events.emit("compliance.retention.ended", subject_type="data_class", subject_id=data_class.value, data=data)


APPLIED: dict[DataClass, Callable[[datetime, set[str], bool], Applied]] = {
    DataClass.TRACES: _traces,
    DataClass.SESSIONS: _sessions,
    DataClass.FAILURES: _failures,
    DataClass.KEY_USE: _key_use,
    DataClass.PEOPLE: _people,
}
