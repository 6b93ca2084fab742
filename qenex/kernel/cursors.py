"""Reading the event log so that nothing is missed and nothing comes twice, whatever writers do meanwhile.

Ids and times are given before the commit, so an event may appear below one that was read already. The order that
holds is (transaction, id), and only behind the horizon: below the oldest transaction that is still running nothing
can appear any more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Q

from qenex.kernel import clock
from qenex.kernel.models import Cursor, Event

LIMIT = 1000


class Position(NamedTuple):
    """A place in the log: that of the last event that was read."""

    transaction: int
    event_id: UUID


BEGINNING = Position(0, UUID(int=0))


def after(position: Position, limit: int = LIMIT, *, using: str = "reader") -> list[Event]:
    """The next events, in their order, as far as they are settled. One query, one snapshot."""
    xid, last = position
    beyond = Q(transaction__gte=xid) & (Q(transaction__gt=xid) | Q(id__gt=last))
    horizon = "transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    events = Event.objects.using(using).filter(beyond).extra(where=[horizon])  # noqa: S610  # a constant
    return list(events.order_by("transaction", "id")[:limit])


def end(*, using: str = "reader") -> Position:
    """The place behind everything that is settled."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (horizon,) = cursor.fetchone()
    return Position(horizon, BEGINNING.event_id)


def position(event: Event) -> Position:
    """Where the event stands."""
    return Position(event.transaction, event.id)


@contextmanager
def read(name: str, limit: int = LIMIT) -> Iterator[Sequence[Event]]:
    """The next batch for the reader of this name; its cursor moves on in the transaction of the block.

    What the block writes and the cursor stand or fall together: exactly once for writes to this database. Two readers
    of one name wait for each other. Raises RuntimeError inside another transaction, whose snapshot would be too old.
    """
    with transaction.atomic(durable=True):
        _read_committed()
        cursor = _locked(name)
        batch = after(Position(cursor.transaction, cursor.event_id), limit, using=DEFAULT_DB_ALIAS)
        yield batch
        if batch:
            last = position(batch[-1])
            Cursor.objects.filter(name=name).update(
                transaction=last.transaction, event_id=last.event_id, updated_at=clock.now()
            )


def _read_committed() -> None:
    """Serializable readers would fail on each other's cursor and make writers fail on what they have read."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


def _locked(name: str) -> Cursor:
    fresh = Cursor(name=name, transaction=0, event_id=BEGINNING.event_id, updated_at=clock.now())
    Cursor.objects.bulk_create([fresh], ignore_conflicts=True)
    return Cursor.objects.select_for_update().get(name=name)
