"""The leaves of events' trees, built again from the stored columns as docs/guide/leaf.md describes them."""

import json
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from struct import Struct
from typing import Any
from uuid import UUID

import numpy as np

from ledger.domain.columns import whole
from ledger.engine import wire
from qenex.kernel import canonical

_LENGTH = Struct("!i")
_NULL = _LENGTH.pack(-1)
_NO_TAIL = _NULL + _NULL + _LENGTH.pack(0) + _NULL
_COLUMNS = 17
_JSONB_VERSION = b"\x01"
_LEAF = b"\x00"
_IDS = ("id", "book", "debit", "credit", "asset")
_NUMBERS = (("posted_at", "V8", 8), ("value_date", ">i4", 4), ("kind", ">i2", 2), ("code", ">i4", 4))
_AMOUNTS = ("amount", "debit_balance", "credit_balance")


def _layout() -> "np.dtype[Any]":
    """The columns that are never null, each behind its length."""
    fields: list[tuple[str, Any]] = [("count", ">i2")]
    for name in _IDS:
        fields += [(f"{name}_length", ">i4"), (name, "V16")]
    fields += [(name, wire.NUMERIC) for name in _AMOUNTS]
    for name, kind, _ in _NUMBERS:
        fields += [(f"{name}_length", ">i4"), (name, kind)]
    return np.dtype([*fields, ("event_length", ">i4"), ("event", "V16")])


_HEAD = _layout()
_SINGLE = re.compile(r'(\{"[^"\\]*"): ("[^"\\]*"\})')
_QUANTA = (10**18, 10**16, 10**12, 10**9)


class Leaves:
    """The leaves of one book."""

    def __init__(self, book: UUID) -> None:
        template = np.zeros(1, _HEAD)
        template["count"] = _COLUMNS
        for name in (*_IDS, "event"):
            template[f"{name}_length"] = 16
        for name, _, length in _NUMBERS:
            template[f"{name}_length"] = length
        template["book"] = np.void(book.bytes)
        self._template = template

    def hashes(self, columns: Sequence[Sequence[Any]], amounts: Sequence[Sequence[int]]) -> list[bytes]:
        """The leaf hashes of a page of transfers, given as columns; `amounts` are in units."""
        return [sha256(_LEAF + leaf).digest() for leaf in self.encoded(columns, amounts)]

    def encoded(self, columns: Sequence[Sequence[Any]], amounts: Sequence[Sequence[int]]) -> Iterator[bytes]:
        """The leaves of a page of transfers, byte for byte as they were hashed."""
        ids, debits, credits_, assets, _, _, _, posted, days, kinds, codes, events, *tail = columns
        heads = np.repeat(self._template, len(ids))
        for name, values in zip(
            ("id", "debit", "credit", "asset", "event"), (ids, debits, credits_, assets, events), strict=True
        ):
            heads[name] = np.frombuffer(b"".join(values), "V16")
        for name, units in zip(_AMOUNTS, amounts, strict=True):
            quantum = _quantum(units)
            heads[name] = wire.numerics(whole([each // quantum for each in units]), quantum)
        heads["posted_at"] = np.frombuffer(b"".join(posted), "V8")
        heads["value_date"], heads["kind"], heads["code"] = days, kinds, codes
        raw, size = heads.tobytes(), _HEAD.itemsize
        for at, each in enumerate(zip(*tail, strict=True)):
            yield raw[at * size : at * size + size] + _tail(*each)


def _quantum(units: Sequence[int]) -> int:
    """An amount of which all are multiples: with a large one the encoder's numbers fit 64 bits, which is faster."""
    return next((quantum for quantum in _QUANTA if not any(each % quantum for each in units)), 1)


def _tail(journal: bytes | None, origin: bytes | None, reference: str, metadata: str | None) -> bytes:
    if journal is None and origin is None and not reference and metadata is None:
        return _NO_TAIL
    kept = None if metadata is None else _JSONB_VERSION + _canonical(metadata)
    return b"".join(map(_field, (journal, origin, reference.encode(), kept)))


def _canonical(metadata: str) -> bytes:
    """The canonical bytes of what the server writes. One plain member, the usual case, differs by a blank only."""
    single = _SINGLE.fullmatch(metadata)
    if single is not None:
        return f"{single[1]}:{single[2]}".encode()
    return canonical.encode(json.loads(metadata))


def _field(value: bytes | None) -> bytes:
    return _NULL if value is None else _LENGTH.pack(len(value)) + value
