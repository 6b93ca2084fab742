"""Writing to the event log: one row in the transaction of the command that it records."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from qenex.kernel import canonical, clock, context, wakeups
from qenex.kernel.ids import uuid7
from qenex.kernel.personal import Block, Values, of_month, person, seal
from qenex.kernel.trips import Statement

Changes = Mapping[str, tuple[Any, Any]]
"""Field name → (before, after)."""
MASKED = "***"
"""What stands for a secret: that it changed is told, and not what it is."""

_INSERT = """
INSERT INTO kernel_event (id, recorded_at, type, version, book_id, subject_type, subject_id,
                          actor_id, actor, request_id, body)
VALUES {}
"""
_COLUMNS = 11
_ROW = f"({', '.join(['%s'] * _COLUMNS)})"
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
    personal: Sequence[tuple[str, Values]] = ()
    """Whose personal data the event holds, and which; it is written sealed."""

    def body(self) -> bytes:
        """The canonical bytes: what is hashed, and all that the event says. Sealing makes them others each time."""
        by = self.context
        sealed = self._sealed()
        return canonical.encode(
            {
                **({"personal": sealed} if sealed else {}),
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

    def _sealed(self) -> list[Block]:
        address = self.context.address
        if address is None and not self.personal:
            return []
        whose = of_month(person(self.context.actor_id), self.recorded_at)
        return seal(self.id, [(whose, {"actor.address": address}), *self.personal])

    def row(self) -> Sequence[Any]:
        """The values of the table's columns, in the order of the INSERT."""
        by = self.context
        return (
            *(self.id, self.recorded_at, self.type, self.version, self.book_id),
            *(self.subject_type, self.subject_id, by.actor_id, by.actor, by.request_id or "", self.body()),
        )


def _actor(by: context.Context) -> dict[str, Any]:
    """Who acts. Events from before these were known lack `on_behalf_of` and `key_id`: read them with `get`.

    The address is personal data and sealed apart; events from before that have it here.
    """
    represented = by.on_behalf_of
    return {
        "id": by.actor_id,
        "name": by.actor,
        "address": None,
        "method": by.method,
        "key_id": by.key_id,
        "on_behalf_of": None if represented is None else {"id": represented.id, "name": represented.name},
    }


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any], *, masked: Collection[str] = ()) -> Changes:
    """The fields of `after` that differ, each with what it was; of `masked` ones only whether there was something."""
    pairs = {name: (before.get(name), value) for name, value in after.items()}
    return {
        name: tuple(MASKED if name in masked and each is not None else each for each in pair)  # type: ignore[misc]  # two
        for name, pair in pairs.items()
        if pair[0] != pair[1]
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
    whose: str = "",
    personal: Values | None = None,
    traces: Values | None = None,
) -> Draft:
    """An event of this type, under the present circumstances unless others are given.

    `personal` data of `whose` is sealed until that person is erased, `traces` (addresses, browsers, what was typed)
    until the month's are; their keys are places in the body such as `changes.email`. Raises ValueError without `whose`.
    """
    if (personal or traces) and not whose:
        raise ValueError("personal data is somebody's: say whose")
    now = clock.now()
    own = [(whose, personal or {}), (of_month(whose, now), traces or {})] if whose else []
    return Draft(
        *(uuid7(), now, type, version, book_id, subject_type, str(subject_id)),
        *(data or {}, changes or {}, by or context.current(), own),
    )


def write(drafts: Sequence[Draft], *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Writes events in the open transaction. Raises RuntimeError where there is none."""
    connection = connections[using]
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of its command")
    with connection.cursor() as cursor:
        for some in _shares(drafts):
            values = [value for each in some for value in each.row()]
            cursor.execute(_INSERT.format(", ".join([_ROW] * len(some))), values)
    transaction.on_commit(wakeups.wake, using=using)


def statements(drafts: Sequence[Draft]) -> list[Statement]:
    """What writes events where it is sent in the open transaction, for `transactions.conclude`."""
    transaction.on_commit(wakeups.wake)
    return [Statement(_insert(len(some)), [value for each in some for value in each.row()]) for some in _shares(drafts)]


def _shares(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    for start in range(0, len(drafts), _ROWS_AT_ONCE):
        yield drafts[start : start + _ROWS_AT_ONCE]


@cache
def _insert(rows: int) -> bytes:
    """The INSERT of so many events, with the parameters numbered."""
    numbers = (f"${number}" for number in range(1, rows * _COLUMNS + 1))
    return _INSERT.format(", ".join(f"({', '.join(row)})" for row in zip(*[numbers] * _COLUMNS, strict=True))).encode()


def emit(
    type: str,
    *,
    subject_type: str,
    subject_id: object,
    book_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
    changes: Changes | None = None,
    version: int = 1,
    whose: str = "",
    personal: Values | None = None,
    traces: Values | None = None,
) -> UUID:
    """Writes one event in the open transaction and returns its id; see `draft`. Raises RuntimeError where none is."""
    event = draft(
        type,
        subject_type=subject_type,
        subject_id=subject_id,
        book_id=book_id,
        data=data,
        changes=changes,
        version=version,
        whose=whose,
        personal=personal,
        traces=traces,
    )
    write([event])
    return event.id
