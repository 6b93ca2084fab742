"""PostgreSQL's binary formats for what the engine writes (PostgreSQL manual, "COPY", binary format; `numeric_recv`)."""

import numpy as np
from psycopg import pq
from psycopg.adapt import AdaptersMap, Buffer, Dumper

from ledger.domain.columns import Array
from qenex.kernel.money import UNIT

INT8_OID, INT8_ARRAY_OID = 20, 1016
NUMERIC_OID, NUMERIC_ARRAY_OID = 1700, 1231
UUID_OID, UUID_ARRAY_OID = 2950, 2951
EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970-01-01: where PostgreSQL's timestamps begin."""
EPOCH_DAYS = 730_120
"""2000-01-01 as a proleptic ordinal: where PostgreSQL's dates begin."""
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"

NUMERIC = np.dtype(
    [("length", ">i4"), ("count", ">i2"), ("weight", ">i2"), ("sign", ">u2"), ("scale", ">u2"), ("digits", ">i2", 10)]
)
"""A NUMERIC(38,18) with its length: always ten digits to the base 10^4, five before the point and five after it, so
that an amount has one form only. The server drops leading and trailing zeros."""
INT8 = np.dtype([("length", ">i4"), ("number", ">i8")])
UUID = np.dtype([("length", ">i4"), ("id", "V16")])
_ARRAY = np.dtype([("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">u4"), ("count", ">i4"), ("first", ">i4")])

_NEGATIVE, _SCALE = 0x4000, 18
_BASE = 10_000


def numerics(quanta: Array, quantum: Array | int = 1) -> Array:
    """NUMERIC fields of amounts between plus and minus 10^38 units of 10^-18, each given as so many `quantum` units.

    Whole numbers of 64 bits are divided by numpy. Python's own do the arithmetic themselves: slower, as exact.
    """
    fields = np.empty(len(quanta), NUMERIC)
    fields["length"], fields["count"], fields["weight"], fields["scale"] = NUMERIC.itemsize - 4, 10, 4, _SCALE
    fields["sign"] = np.where(quanta < 0, _NEGATIVE, 0)
    quantum = _single(quantum)
    per_whole = UNIT // quantum
    quanta = _magnitudes(quanta)
    whole, fraction = quanta // per_whole, quanta % per_whole * quantum
    # Digits are made in rows of memory and laid out at the end: numpy writes them faster so.
    digits = np.empty((10, len(quanta)), np.int16)
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


class NumericArray(bytes):
    """The binary form of numeric[]."""


class Int8Array(bytes):
    """The binary form of int8[]."""


class UuidArray(bytes):
    """The binary form of uuid[]."""


def _header(oid: int, count: int) -> bytes:
    return np.array([(1, 0, oid, count, 1)], _ARRAY).tobytes()


def _magnitudes(quanta: Array) -> Array:
    """Without their signs. The lowest number of 64 bits has no positive one there, and is Python's from here."""
    found: Array = np.abs(quanta)
    return np.abs(quanta.astype(object)) if (found < 0).any() else found


def _single(quantum: Array | int) -> Array | int:
    """One quantum where all are the same: numpy divides by a constant several times as fast."""
    if isinstance(quantum, int):
        return quantum
    first = int(quantum[0]) if len(quantum) else 1
    return first if (quantum == first).all() else quantum


def numeric_array(quanta: Array, quantum: Array | int = 1) -> NumericArray:
    """numeric[] of amounts, each given as so many `quantum` units of 10^-18."""
    return NumericArray(_header(NUMERIC_OID, len(quanta)) + numerics(quanta, quantum).tobytes())


def int8_array(numbers: Array) -> Int8Array:
    """int8[] of 64-bit integers."""
    fields = np.empty(len(numbers), INT8)
    fields["length"] = 8
    fields["number"] = numbers
    return Int8Array(_header(INT8_OID, len(numbers)) + fields.tobytes())


def int64s(array: bytes) -> Array:
    """The numbers of an int8[] in binary form, of which none is null."""
    return np.frombuffer(array, INT8, offset=_ARRAY.itemsize)["number"].astype(np.int64)


def uuid_array(ids: Array) -> UuidArray:
    """uuid[] of ids."""
    fields = np.empty(len(ids), UUID)
    fields["length"] = 16
    fields["id"] = ids
    return UuidArray(_header(UUID_OID, len(ids)) + fields.tobytes())


class _ArrayDumper(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: bytes) -> Buffer:
        return obj


class NumericArrayDumper(_ArrayDumper):
    """Sends a NumericArray as it is."""

    oid = NUMERIC_ARRAY_OID


class Int8ArrayDumper(_ArrayDumper):
    """Sends an Int8Array as it is."""

    oid = INT8_ARRAY_OID


class UuidArrayDumper(_ArrayDumper):
    """Sends a UuidArray as it is."""

    oid = UUID_ARRAY_OID


def register_types(adapters: AdaptersMap) -> None:
    """Lets arrays be parameters of statements."""
    for made, dumper in (
        (Int8Array, Int8ArrayDumper),
        (NumericArray, NumericArrayDumper),
        (UuidArray, UuidArrayDumper),
    ):
        adapters.register_dumper(made, dumper)
