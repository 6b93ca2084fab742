"""Transfers as COPY's binary rows, which are also the leaves of their event's tree.

One form serves both: what is stored is what is hashed. An outsider builds a leaf again from the transfer's columns, in
the order of COLUMNS, each with its length in 32 bits before it (-1: null), as docs/guide/leaf.md describes.
"""

from collections.abc import Sequence
from struct import Struct
from uuid import UUID

import numpy as np

from ledger.domain.posting import Row
from ledger.engine import wire
from ledger.engine.wire import EPOCH_DAYS, EPOCH_US, NUMERIC
from qenex.kernel import canonical

COLUMNS = (
    "id, book_id, debit_account_id, credit_account_id, asset_id, amount, debit_balance, credit_balance, "
    "posted_at, value_date, kind, code, event_id, journal_id, origin_id, reference, metadata"
)
_IDS = [
    field for name in ("id", "book", "debit", "credit", "asset") for field in ((f"{name}_length", ">i4"), (name, "V16"))
]
_HEAD = np.dtype(
    [
        ("count", ">i2"),
        *_IDS,
        ("amount", NUMERIC),
        ("debit_balance", NUMERIC),
        ("credit_balance", NUMERIC),
        ("posted_at_length", ">i4"),
        ("posted_at", ">i8"),
        ("value_date_length", ">i4"),
        ("value_date", ">i4"),
        ("kind_length", ">i4"),
        ("kind", ">i2"),
        ("code_length", ">i4"),
        ("code", ">i4"),
        ("event_length", ">i4"),
        ("event", "V16"),
    ]
)
_UUID = Struct("!i16s")
_LENGTH = Struct("!i")
_NULL = _LENGTH.pack(-1)
_PLAIN_TAIL = _NULL + _NULL + _LENGTH.pack(0) + _NULL
_JSONB_VERSION = b"\x01"
_COLUMN_COUNT = 17


class Encoder:
    """Makes the rows of one book's transfers."""

    def __init__(self, book: UUID) -> None:
        template = np.zeros(1, _HEAD)
        template["count"] = _COLUMN_COUNT
        for name in ("id", "book", "debit", "credit", "asset", "event"):
            template[f"{name}_length"] = 16
        for name, length in (("posted_at", 8), ("value_date", 4), ("kind", 2), ("code", 4)):
            template[f"{name}_length"] = length
        template["book"] = np.void(book.bytes)
        self._template = template

    def rows(self, rows: Sequence[Row], events: Sequence[bytes], journals: Sequence[bytes | None]) -> list[bytes]:
        """The COPY rows of these transfers, one bytes object each; `events` and `journals` are the ids of theirs."""
        heads, size = self._heads(rows, events), _HEAD.itemsize
        return [
            heads[at * size : at * size + size] + _tail(row, journal)
            for at, (row, journal) in enumerate(zip(rows, journals, strict=True))
        ]

    def _heads(self, rows: Sequence[Row], events: Sequence[bytes]) -> bytes:
        """The columns that are never null, of all rows at once: column by column is where numpy saves the time."""
        heads = np.repeat(self._template, len(rows))
        quantum = min(row.debit.quantum for row in rows)
        heads["id"] = _ids([row.draft.id.int.to_bytes(16) for row in rows])
        heads["debit"] = _ids([row.debit.id for row in rows])
        heads["credit"] = _ids([row.credit.id for row in rows])
        heads["asset"] = _ids([row.debit.asset for row in rows])
        wire.numerics([row.amount for row in rows], quantum, heads["amount"])
        wire.numerics([row.debit_balance for row in rows], quantum, heads["debit_balance"])
        wire.numerics([row.credit_balance for row in rows], quantum, heads["credit_balance"])
        heads["posted_at"] = np.array([row.posted_at_us for row in rows], np.int64) - EPOCH_US
        heads["value_date"] = np.array([row.value_day for row in rows], np.int32) - EPOCH_DAYS
        heads["kind"] = [row.kind for row in rows]
        heads["code"] = [row.draft.code for row in rows]
        heads["event"] = _ids(events)
        return heads.tobytes()


def _tail(row: Row, journal: bytes | None) -> bytes:
    """The columns that are mostly empty."""
    draft, origin = row.draft, row.origin
    if journal is None and origin is None and not draft.reference and not draft.metadata:
        return _PLAIN_TAIL
    reference = draft.reference.encode()
    metadata = _JSONB_VERSION + canonical.encode(draft.metadata) if draft.metadata else b""
    return b"".join(
        (
            _UUID.pack(16, journal) if journal else _NULL,
            _UUID.pack(16, origin) if origin else _NULL,
            _LENGTH.pack(len(reference)),
            reference,
            _LENGTH.pack(len(metadata)) + metadata if metadata else _NULL,
        )
    )


def _ids(ids: Sequence[bytes]) -> wire.Array:
    return np.frombuffer(b"".join(ids), "V16")
