"""PostgreSQL's binary formats for what the engine writes (PostgreSQL manual, "COPY", binary format; `numeric_recv`)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import pq
from psycopg.adapt import Buffer, Dumper

from qenex.kernel.money import UNIT

NUMERIC_OID, NUMERIC_ARRAY_OID = 1700, 1231
UUID_OID, UUID_ARRAY_OID = 2950, 2951
EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970-01-01: where PostgreSQL's timestamps begin."""
EPOCH_DAYS = 730_120
"""2000-01-01 as a proleptic ordinal: where PostgreSQL's dates begin."""
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"

Array = npt.NDArray[Any]

NUMERIC = np.dtype(
    [("length", ">i4"), ("count", ">i2"), ("weight", ">i2"), ("sign", ">u2"), ("scale", ">u2"), ("digits", ">i2", 10)]
)
"""A NUMERIC(38,18) with its length: always ten digits to the base 10^4, five before the point and five after it, so
that an amount has one form only. The server drops leading and trailing zeros."""
UUID = np.dtype([("length", ">i4"), ("id", "V16")])
_ARRAY = np.dtype([("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">u4"), ("count", ">i4"), ("first", ">i4")])

_NEGATIVE, _SCALE = 0x4000, 18
_BASE = 10_000
_INT64 = 2**63


def numerics(units: Sequence[int], quantum: int = 1, into: Array | None = None) -> Array:
    """NUMERIC fields of amounts in units of 10^-18, between plus and minus 10^38, all multiples of `quantum`."""
    fields = np.empty(len(units), NUMERIC) if into is None else into
    fields["length"], fields["count"], fields["weight"], fields["scale"] = NUMERIC.itemsize - 4, 10, 4, _SCALE
    fields["sign"] = 0
    if units and min(units) < 0:
        fields["sign"] = [_NEGATIVE if each < 0 else 0 for each in units]
        units = [abs(each) for each in units]
    whole, fraction = _halves(units, quantum)
    # Digits are made in rows of memory and laid out at the end: numpy writes them faster so.
    digits = np.empty((10, len(units)), np.int16)
    for place in (4, 3, 2, 1):
        digits[place] = whole % _BASE
        whole = whole // _BASE
    digits[0] = whole
    digits[9] = fraction % 100 * 100
    fraction = fraction // 100
    for place in (8, 7, 6):
        digits[place] = fraction % _BASE
        fraction = fraction // _BASE
    digits[5] = fraction
    fields["digits"] = digits.T
    return fields


def _halves(units: Sequence[int], quantum: int) -> tuple[Array, Array]:
    """What stands before the point and what after it.

    Whole quanta mostly fit 64 bits, and numpy divides them. Otherwise Python does, and past 2^63 wholes all the
    arithmetic is Python's: slower, as exact.
    """
    quanta = [each // quantum for each in units] if quantum > 1 else units
    if not quanta or max(quanta) < _INT64:
        numbers = np.array(quanta, np.int64)
        per_whole = UNIT // quantum
        return numbers // per_whole, numbers % per_whole * quantum
    whole = [each // UNIT for each in units]
    fraction = np.array([each % UNIT for each in units], np.int64)
    return np.array(whole, object if max(whole) >= _INT64 else np.int64), fraction


class NumericArray(bytes):
    """The binary form of numeric[]."""


class UuidArray(bytes):
    """The binary form of uuid[]."""


def _header(oid: int, count: int) -> bytes:
    return np.array([(1, 0, oid, count, 1)], _ARRAY).tobytes()


def numeric_array(units: Sequence[int], quantum: int = 1) -> NumericArray:
    """numeric[] of amounts in units, all multiples of `quantum`."""
    return NumericArray(_header(NUMERIC_OID, len(units)) + numerics(units, quantum).tobytes())


def uuid_array(ids: Sequence[bytes]) -> UuidArray:
    """uuid[] of ids as bytes."""
    fields = np.empty(len(ids), UUID)
    fields["length"] = 16
    fields["id"] = np.frombuffer(b"".join(ids), "V16")
    return UuidArray(_header(UUID_OID, len(ids)) + fields.tobytes())


class _ArrayDumper(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: bytes) -> Buffer:
        return obj


class NumericArrayDumper(_ArrayDumper):
    """Sends a NumericArray as it is."""

    oid = NUMERIC_ARRAY_OID


class UuidArrayDumper(_ArrayDumper):
    """Sends a UuidArray as it is."""

    oid = UUID_ARRAY_OID
