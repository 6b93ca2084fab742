"""Events as a line of time: days, and in each what happened, of which kind, with what became different."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from qenex.kernel import clock
from qenex.kernel.models import Event

MOMENT = timedelta(minutes=1)
SHOWN = 6
"""Differences of an event that the line shows; its page shows all."""
OTHER = "other"
KINDS = {
    "added": "created opened added asked requested started made enrolled granted placed registered given received",
    "changed": "changed updated edited set rotated renewed resealed rewrapped synced moved adopted resumed thawed",
    "ended": "deleted removed closed revoked retired voided expired ended withdrawn shredded erased released lifted",
    "refused": "refused failed rejected denied locked frozen lockout found raised",
    "posted": "posted reversed settled exchanged resolved executed approved confirmed",
    "read": "viewed read exported downloaded listed searched verified checked",
    "access": "in out verified_in signed stepped_up",
}
"""Kind → the last words of types that are of it; the style sheet has a colour and a sign for each."""
_KIND_OF = {verb: kind for kind, verbs in KINDS.items() for verb in verbs.split()}


class Entry(NamedTuple):
    """One event on the line."""

    event: Event
    kind: str
    ago: str
    book: str
    position: int | None
    changes: list[tuple[str, str, str]]
    """Field, before, after: SHOWN at most."""
    more: int
    """How many further fields changed."""


class Day(NamedTuple):
    """The events of a day."""

    day: date
    entries: list[Entry]


def kind_of(type: str) -> str:
    """The kind of a type of events, by its last word."""
    verb = type.rpartition(".")[2]
    return _KIND_OF.get(verb) or _KIND_OF.get(verb.rpartition("_")[2], OTHER)


def days(events: Iterable[Event], positions: Mapping[UUID, int], books: Mapping[UUID, str]) -> Iterator[Day]:
    """The events, which are in order of time, day by day (UTC)."""
    for day, some in groupby(events, key=lambda event: event.recorded_at.astimezone(UTC).date()):
        yield Day(day, [_entry(event, positions, books) for event in some])


def _entry(event: Event, positions: Mapping[UUID, int], books: Mapping[UUID, str]) -> Entry:
    differences = changes(body(event))
    book = "" if event.book_id is None else books.get(event.book_id, "")
    place = positions.get(event.pk)
    return Entry(
        event,
        kind_of(event.type),
        _ago(event.recorded_at),
        book,
        place,
        differences[:SHOWN],
        max(0, len(differences) - SHOWN),
    )


def _ago(moment: datetime) -> str:
    now = clock.now()
    if now - moment < MOMENT:
        return _("a moment ago")
    return _("%(time)s ago") % {"time": timesince(moment, now, depth=1)}


def body(event: Event) -> dict[str, Any]:
    """What the canonical bytes say; nothing where they cannot be read, as after somebody has changed them."""
    try:
        found: dict[str, Any] = json.loads(bytes(event.body))
    except ValueError:
        return {}
    return found


def changes(said: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Field, before, after."""
    return [(name, _text(each["before"]), _text(each["after"])) for name, each in said.get("changes", {}).items()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
