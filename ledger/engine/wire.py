"""PostgreSQL's binary formats for what the engine writes (PostgreSQL manual, "COPY", binary format; `numeric_recv`)."""

from collections.abc import Iterable
from struct import Struct
from typing import NewType

from psycopg import pq
from psycopg.adapt import Buffer, Dumper

NUMERIC_OID, NUMERIC_ARRAY_OID = 1700, 1231
UUID_OID, UUID_ARRAY_OID = 2950, 2951
EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970-01-01: where PostgreSQL's timestamps begin."""
EPOCH_DAYS = 730_120
"""2000-01-01 as a proleptic ordinal: where PostgreSQL's dates begin."""
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"

Wire = NewType("Wire", bytes)

# Length, then digit count, weight, sign and scale, then digits to the base 10^4.
_NEGATIVE, _SCALE = 0x4000, 18
_SHORT = Struct("!iHhHH3H")
_LONG = Struct("!iHhHH10H")
_CENTS = 10**16


def numeric(units: int) -> bytes:
    """A NUMERIC field with its length, of an amount in units of 10^-18. Leading and trailing zero digits are allowed."""
    sign = 0
    if units < 0:
        sign, units = _NEGATIVE, -units
    cents, rest = divmod(units, _CENTS)
    if not rest and cents < 10_000_000_000:
        whole, fraction = divmod(cents, 100)
        return _SHORT.pack(14, 3, 1, sign, _SCALE, whole // 10_000, whole % 10_000, fraction * 100)
    digits = []
    number = units * 100
    for _ in range(10):
        number, digit = divmod(number, 10_000)
        digits.append(digit)
    return _LONG.pack(28, 10, 4, sign, _SCALE, *reversed(digits))


class NumericArray(bytes):
    """The binary form of numeric[]."""


class UuidArray(bytes):
    """The binary form of uuid[]."""


_ARRAY = Struct("!iiIii")
_UUID = Struct("!i16s")


def numeric_array(values: Iterable[int], count: int) -> NumericArray:
    """numeric[] of `count` amounts in units."""
    return NumericArray(_ARRAY.pack(1, 0, NUMERIC_OID, count, 1) + b"".join(map(numeric, values)))


def uuid_array(values: Iterable[bytes], count: int) -> UuidArray:
    """uuid[] of `count` ids as bytes."""
    return UuidArray(_ARRAY.pack(1, 0, UUID_OID, count, 1) + b"".join([_UUID.pack(16, value) for value in values]))


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
