"""Transfers as COPY's binary rows, which are also the leaves of their event's tree.

One form serves both: what is stored is what is hashed. An outsider builds a leaf again from the transfer's columns, in
the order of COLUMNS, each with its length in 32 bits before it (-1: null), as docs/guide/leaf.md describes.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from struct import Struct
from uuid import UUID

import numpy as np

from ledger.domain.columns import Columns, ids
from ledger.domain.drafts import TransferDraft
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
_AMOUNTS = ("amount", "debit_balance", "credit_balance")


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

    def rows(self, columns: Columns, events: Sequence[bytes], journals: Sequence[bytes | None]) -> list[bytes]:
        """The COPY rows of these transfers, one bytes object each; `events` and `journals` are the ids of theirs."""
        heads, size = self._heads(columns, events), _HEAD.itemsize
        tails = _tails(columns, journals)
        return [heads[at * size : at * size + size] + tail for at, tail in enumerate(tails)]

    def _heads(self, columns: Columns, events: Sequence[bytes]) -> bytes:
        """The columns that are never null, of all rows at once: column by column is where numpy saves the time."""
        heads = np.repeat(self._template, len(columns.drafts))
        heads["id"] = ids([draft.id.int.to_bytes(16) for draft in columns.drafts])
        heads["debit"], heads["credit"], heads["asset"] = columns.debits, columns.credits, columns.assets
        balances = (columns.amounts, columns.debit_balances, columns.credit_balances)
        numerics = wire.numerics(np.concatenate(balances), np.tile(columns.quantum, len(balances)))
        for name, fields in zip(_AMOUNTS, numerics.reshape(len(balances), -1), strict=True):
            heads[name] = fields
        heads["posted_at"] = columns.posted_at_us - EPOCH_US
        heads["value_date"] = columns.value_days - EPOCH_DAYS
        heads["kind"] = columns.kinds
        heads["code"] = [draft.code for draft in columns.drafts]
        heads["event"] = ids(events)
        return heads.tobytes()


@lru_cache(maxsize=256)
def encoder(book: UUID) -> Encoder:
    """The book's encoder, made once."""
    return Encoder(book)


def _tails(columns: Columns, journals: Sequence[bytes | None]) -> Iterable[bytes]:
    """The columns that are mostly empty."""
    drafts, origins = columns.drafts, columns.origins
    plain = not any(draft.reference or draft.metadata for draft in drafts)
    if plain and journals.count(None) == origins.count(None) == len(drafts):
        return repeat(_PLAIN_TAIL, len(drafts))
    return map(_tail, drafts, journals, origins)


def _tail(draft: TransferDraft, journal: bytes | None, origin: bytes | None) -> bytes:
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
