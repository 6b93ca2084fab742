"""Everything that is held about somebody, for that person (GDPR Art. 15 and 20)."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Q

from compliance.models import RetentionRule
from compliance.privacy import holds, kinds
from compliance.privacy.errors import PrivacyError
from qenex.access.models import Approval
from qenex.kernel import clock, events
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from qenex.kernel.transactions import run
from qenex.vault import subjects
from qenex.vault.models import DataKey

PAGE = 500
SCHEMA = "qenex subject export v1"


def subject_export(*, subject: models.Model | UUID | str, to: IO[str]) -> int:
    """Writes what is held about a subject as JSON; how many events are in it. The event of it names nobody in clear.

    In events, what is others' personal data is withheld (Art. 15(4)). Raises PrivacyError for nobody, and
    ProviderUnavailable.
    """
    name = subjects.name(subject)
    if not holds.exists(name):
        raise PrivacyError(f"There is nobody called {name}.")
    run(lambda: _record(name))
    kind = kinds.of(name)
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "subject": name,
        "made_at": clock.now(),
        "retention": list(RetentionRule.objects.order_by("pk").values("data_class", "period_days", "legal_basis")),
        "data_keys": list(_keys(name).order_by("pk").values("purpose", "created_at", "shredded_at")),
        "held": kind.held(name) if kind is not None else {},
        "approvals": _approvals(name),
    }
    return _write(head, _events(name), to)


def _record(name: str) -> None:
    """The event, under a number of its own; whose data it was, is sealed under that person's key."""
    events.emit(
        "compliance.subject.exported",
        subject_type="export",
        subject_id=uuid4(),
        whose=name,
        personal={"data.subject": name},
    )


def _keys(name: str) -> Any:
    return DataKey.objects.filter(Q(subject=name) | Q(subject__startswith=name + subjects.PART))


def _approvals(name: str) -> list[dict[str, Any]]:
    """What the person asked for or decided about."""
    if not name.startswith("auth.user:"):
        return []
    user = int(name.partition(":")[2])
    found = Approval.objects.filter(Q(requester=user) | Q(approver=user)).order_by("created_at", "pk")
    return [
        dict(each) for each in found.values("id", "command", "status", "reason", "comment", "created_at", "decided_at")
    ]


def _events(name: str) -> Iterator[dict[str, Any]]:
    """The events by the person and about the person, the oldest first, with this person's data opened."""
    prefix, _, key = name.partition(":")
    about = Q(subject_type=prefix.rpartition(".")[2], subject_id=key)
    by = Q(actor_id=int(key)) if prefix == "auth.user" else Q(pk=None)
    keys = set(_keys(name).values_list("pk", flat=True))
    last: tuple[Any, Any] | None = None
    while True:
        found = Event.objects.using("reader").filter(about | by).order_by("recorded_at", "id")
        if last is not None:
            found = found.filter(Q(recorded_at__gt=last[0]) | Q(recorded_at=last[0], id__gt=last[1]))
        page = list(found[:PAGE])
        yield from (reveal(event.body, only=keys).body for event in page)
        if len(page) < PAGE:
            return
        last = (page[-1].recorded_at, page[-1].pk)


def _write(head: dict[str, Any], rows: Iterator[dict[str, Any]], to: IO[str]) -> int:
    """One JSON object whose last member is the list of events, without all of them in memory."""
    text = json.dumps(head, indent=1, ensure_ascii=False, default=_plain)
    to.write(text.rstrip()[:-1].rstrip() + ',\n "events": [')
    count = 0
    for row in rows:
        to.write((",\n  " if count else "\n  ") + json.dumps(row, ensure_ascii=False))
        count += 1
    to.write("\n ]\n}\n")
    return count


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
