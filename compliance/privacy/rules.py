"""Retention rules: how long each class of personal data is kept, and when it goes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy

from compliance.models import DataClass, RetentionRule
from compliance.privacy.errors import PrivacyError, StillKept
from qenex.access.approvals import demand, registry
from qenex.access.approvals.registry import Difference
from qenex.kernel import clock, events, versions
from qenex.kernel.transactions import run

CHANGE = "compliance.retention.change"
ACTIONS = {
    DataClass.TRACES: gettext_lazy("the month's keys are destroyed"),
    DataClass.SESSIONS: gettext_lazy("the rows are deleted"),
    DataClass.FAILURES: gettext_lazy("the rows are deleted"),
    DataClass.KEY_USE: gettext_lazy("the addresses are blanked"),
    DataClass.PEOPLE: gettext_lazy("the person is erased"),
}
"""What becomes of each class when its time is over."""
FIELDS = ("keep_days", "period_days", "legal_basis", "active")
LONGEST = 36_500


def rule_set(*, data_class: str, fields: Mapping[str, Any], version: int | None = None) -> RetentionRule:
    """Changes a rule. Raises PrivacyError, Stale, ApprovalRequired, and RetentionRule.DoesNotExist."""
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise ValueError(f"not to be changed here: {', '.join(sorted(unknown))}")
    payload = {"data_class": data_class, "fields": dict(fields), "version": version}

    def command() -> RetentionRule:
        row = RetentionRule.objects.select_for_update().get(pk=data_class)
        versions.check(row.version, version)
        changes = {name: (getattr(row, name), value) for name, value in fields.items() if getattr(row, name) != value}
        if not changes:
            return row
        for name, (_, value) in changes.items():
            setattr(row, name, value)
        _check(row)
        demand(CHANGE, payload)
        row.version += 1
        row.save(update_fields=[*changes, "version"])
        events.emit(
            "compliance.retention.changed",
            subject_type="retention_rule",
            subject_id=data_class,
            data={"version": row.version},
            changes=changes,
            version=2,
        )
        return row

    return run(command)


def _check(row: RetentionRule) -> None:
    rules = (
        (not 0 < row.period_days <= LONGEST, "The period is between a day and a hundred years."),
        (row.period_days < row.keep_days, "What must be kept cannot go before."),
        (not row.legal_basis.strip(), "Say on what legal basis."),
    )
    for broken, text in rules:
        if broken:
            raise PrivacyError(text)


def before(rule: RetentionRule, now: datetime | None = None) -> datetime:
    """What is older than this moment goes."""
    return (now or clock.now()) - timedelta(days=rule.period_days)


def check_over(last_seen: datetime | None) -> None:
    """Raises StillKept while the law wants kept what somebody did who was seen last at this moment."""
    if last_seen is None:
        return
    days = max(RetentionRule.objects.values_list("keep_days", flat=True), default=0)
    until = last_seen + timedelta(days=days)
    if until > clock.now():
        raise StillKept(f"What this person did must be kept until {until:%Y-%m-%d}, {days} days after the last of it.")


def _describe(payload: Mapping[str, Any]) -> Difference:
    row = RetentionRule.objects.get(pk=payload["data_class"])
    versions.check(row.version, payload["version"])
    changes = [(name, str(getattr(row, name)), str(value)) for name, value in payload["fields"].items()]
    return Difference(f"Changes how long are kept: {row}", [each for each in changes if each[1] != each[2]])


@registry.command(
    CHANGE,
    label=gettext_lazy("Change a retention rule"),
    permission="compliance.change_retentionrule",
    describe=_describe,
    result=lambda rule: str(rule.pk),
    refusals=(PrivacyError,),
)
def _set(payload: Mapping[str, Any]) -> None:
    rule_set(data_class=payload["data_class"], fields=payload["fields"], version=payload["version"])
