"""The canonical bytes of a transfer: what its event's Merkle root commits to, and what an outsider can build again.

    version 1 · id · book · debit account · credit account · asset · amount · debit balance after · credit balance after ·
    posting time (microseconds since 1970) · value date (days since 0001-01-01 is 1) · kind · code · journal · origin ·
    reference · metadata

Integers are big-endian; amounts and balances are signed 128-bit numbers of 10^-18; absent ids are zero; reference
(UTF-8) and metadata (RFC 8785, empty when absent) are each preceded by their length in 32 bits.
"""

from struct import Struct

_FIXED = Struct("!B16s16s16s16s16s16s16s16sqihi16s16s")
_LENGTH = Struct("!I")
NO_ID = bytes(16)


def encode(
    id: bytes,
    book: bytes,
    debit: bytes,
    credit: bytes,
    asset: bytes,
    amount: int,
    debit_balance: int,
    credit_balance: int,
    posted_at_us: int,
    value_day: int,
    kind: int,
    code: int,
    journal: bytes,
    origin: bytes,
    reference: bytes,
    metadata: bytes,
) -> bytes:
    """The canonical bytes. Amounts are units; `value_day` is the date's proleptic ordinal."""
    fixed = _FIXED.pack(
        *(1, id, book, debit, credit, asset),
        amount.to_bytes(16, "big", signed=True),
        debit_balance.to_bytes(16, "big", signed=True),
        credit_balance.to_bytes(16, "big", signed=True),
        *(posted_at_us, value_day, kind, code, journal, origin),
    )
    return b"".join((fixed, _LENGTH.pack(len(reference)), reference, _LENGTH.pack(len(metadata)), metadata))
