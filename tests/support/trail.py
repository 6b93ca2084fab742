"""Events to be sealed, and sealing them."""

import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections, transaction

from compliance.models import Leaf
from compliance.sealing.sealer import Sealer
from compliance.trail import merkle
from compliance.trail.entry import event_leaf
from qenex.kernel import events
from qenex.kernel.models import Event


def connect(alias: str = "default") -> "closing[psycopg.Connection[Any]]":
    """A connection beside Django's, so that two transactions are open at once."""
    parameters = connections[alias].get_connection_params() | {"cursor_factory": psycopg.Cursor}
    return closing(psycopg.connect(**parameters))


def insert(on: psycopg.Connection[Any], subject: str = "x") -> UUID:
    """Writes an event in that connection's transaction."""
    event = events.draft("test.noted", subject_type="trail", subject_id=subject)
    on.execute(events._INSERT.format(events._ROW), event.row())
    return event.id


def emit(count: int, subject: str = "x") -> list[UUID]:
    """Writes events, all in one transaction; their ids in the order of the tree."""
    drafts = [events.draft("test.noted", subject_type="trail", subject_id=subject) for _ in range(count)]
    with transaction.atomic():
        events.write(drafts)
    return sorted(draft.id for draft in drafts)


def settle() -> None:
    """Waits until all that was committed is behind the horizon, which transactions in other databases hold back too."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (present,) = cursor.fetchone()
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] > present:
                return
            time.sleep(0.01)


def seal(sealer: Sealer | None = None) -> Sealer:
    """Seals and signs all that was committed."""
    settle()
    sealer = sealer or Sealer()
    sealer.finish()
    return sealer


def sealed() -> list[UUID]:
    """The ids of the events that have a position, in their order; fails where one is missing."""
    rows = list(Leaf.objects.order_by("position").values_list("position", "event_id"))
    assert [position for position, _ in rows] == list(range(len(rows)))
    return [event_id for _, event_id in rows]


def leaf_data(ids: Sequence[UUID]) -> list[bytes]:
    """The leaves of these events, made by the rules for verifiers from what is stored."""
    found = {event.id: event for event in Event.objects.filter(id__in=ids)}
    return [event_leaf(found[id].transaction, bytes(found[id].body)) for id in ids]


def true_root() -> bytes:
    """The root over all events that have a position, computed from the events alone."""
    return merkle.root(leaf_data(sealed()))


def execute(statement: str, *values: Any) -> None:
    """Carries out a statement as the owner of the tables, without the triggers that would refuse it."""
    with connections["owner"].cursor() as cursor, transaction.atomic("owner"):
        for table in ("leaf", "tile", "checkpoint", "cosignature"):
            cursor.execute(f"ALTER TABLE compliance_{table} DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE kernel_event DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        for table in ("leaf", "tile", "checkpoint", "cosignature"):
            cursor.execute(f"ALTER TABLE compliance_{table} ENABLE TRIGGER USER")
        cursor.execute("ALTER TABLE kernel_event ENABLE TRIGGER USER")
