"""Writing to the event log: one row in the transaction of the command that it records."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from qenex.kernel import canonical, clock, context, wakeups
from qenex.kernel.ids import uuid7

Changes = Mapping[str, tuple[Any, Any]]
"""Field name → (before, after)."""

_INSERT = """
INSERT INTO kernel_event (id, recorded_at, type, version, book_id, subject_type, subject_id,
                          actor_id, actor, request_id, body)
VALUES {}
"""
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_ROWS_AT_ONCE = 1_000


class Draft(NamedTuple):
    """An event that is about to be written."""

    id: UUID
    recorded_at: datetime
    type: str
    version: int
    book_id: UUID | None
    subject_type: str
    subject_id: str
    data: Mapping[str, Any]
    changes: Changes
    context: context.Context

    def body(self) -> bytes:
        """The canonical bytes: what is hashed, and all that the event says."""
        by = self.context
        return canonical.encode(
            {
                "id": self.id,
                "recorded_at": self.recorded_at,
                "type": self.type,
                "version": self.version,
                "book": self.book_id,
                "subject": {"type": self.subject_type, "id": self.subject_id},
                "actor": _actor(by),
                "request_id": by.request_id,
                "reason": by.reason,
                "data": self.data,
                "changes": {
                    field: {"before": before, "after": after} for field, (before, after) in self.changes.items()
                },
            }
        )

    def row(self) -> Sequence[Any]:
        """The values of the table's columns, in the order of the INSERT."""
        by = self.context
        return (
            *(self.id, self.recorded_at, self.type, self.version, self.book_id),
            *(self.subject_type, self.subject_id, by.actor_id, by.actor, by.request_id or "", self.body()),
        )


def _actor(by: context.Context) -> dict[str, Any]:
    """Who acts. Events from before these were known lack `on_behalf_of` and `key_id`: read them with `get`."""
    represented = by.on_behalf_of
    return {
        "id": by.actor_id,
        "name": by.actor,
        "address": by.address,
        "method": by.method,
        "key_id": by.key_id,
        "on_behalf_of": None if represented is None else {"id": represented.id, "name": represented.name},
    }


def draft(
    type: str,
    *,
    subject_type: str,
    subject_id: object,
    book_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
    changes: Changes | None = None,
    version: int = 1,
    by: context.Context | None = None,
) -> Draft:
    """An event of this type, under the present circumstances unless others are given."""
    return Draft(
        *(uuid7(), clock.now(), type, version, book_id, subject_type, str(subject_id)),
        *(data or {}, changes or {}, by or context.current()),
    )


def write(drafts: Sequence[Draft]) -> None:
    """Writes events in the open transaction. Raises RuntimeError where there is none."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of its command")
    with connection.cursor() as cursor:
        for start in range(0, len(drafts), _ROWS_AT_ONCE):
            some = drafts[start : start + _ROWS_AT_ONCE]
            values = [value for each in some for value in each.row()]
            cursor.execute(_INSERT.format(", ".join([_ROW] * len(some))), values)
    transaction.on_commit(wakeups.wake)


def emit(
    type: str,
    *,
    subject_type: str,
    subject_id: object,
    book_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
    changes: Changes | None = None,
    version: int = 1,
) -> UUID:
    """Writes one event in the open transaction and returns its id. Raises RuntimeError where there is none."""
    event = draft(
        type,
        subject_type=subject_type,
        subject_id=subject_id,
        book_id=book_id,
        data=data,
        changes=changes,
        version=version,
    )
    write([event])
    return event.id
