"""The transfers of one event as the bytes that were hashed, for those who prove them to others."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from ledger.engine.batch import POSTED
from ledger.verification.leaves import Leaves
from ledger.verification.pages import snapshot
from ledger.verification.run import units
from qenex.kernel.models import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TransferLeaf(NamedTuple):
    """A transfer and its leaf (docs/guide/leaf.md)."""

    id: UUID
    leaf: bytes


def transfer_leaves(event: Event, *, using: str = "reader") -> list[TransferLeaf]:
    """The leaves of the tree whose root the event names, in their order; none where it posted no transfers."""
    if event.type != POSTED or event.book_id is None:
        return []
    data = json.loads(bytes(event.body))["data"]
    moments = (_moment(data[name]) for name in ("first_posted_at_us", "last_posted_at_us"))
    with snapshot(using) as opened:
        rows = opened.transfers_of_event(event.book_id, event.pk, *moments)
    if not rows:
        return []
    columns: list[Any] = list(zip(*rows, strict=True))
    amounts = [[units(text) for text in column] for column in columns[4:7]]
    leaves = Leaves(event.book_id).encoded(columns, amounts)
    return [TransferLeaf(UUID(bytes=bytes(id)), leaf) for id, leaf in zip(columns[0], leaves, strict=True)]


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
