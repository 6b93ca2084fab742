"""What is hashed as a leaf of the trail: an event, bound to the transaction that wrote it.

The bytes after the prefix and the transaction are the event's body as it is stored, and are never written anew. The
leaf of a transfer is another one, hashed into a tree of its own whose root is in its event: see docs/guide/leaf.md.
"""

import struct
from typing import NamedTuple

PREFIX = b"qenex event v1\n"
_TRANSACTION = struct.Struct(">Q")


class EntryInvalid(ValueError):
    """The bytes are no leaf of the trail."""


class EventLeaf(NamedTuple):
    """An event as a leaf tells it."""

    transaction: int
    body: bytes


def event_leaf(transaction: int, body: bytes | memoryview) -> bytes:
    """The leaf of an event: the prefix, the transaction's number as 8 bytes, big-endian, and the stored body.

    Raises EntryInvalid where the number does not fit.
    """
    if not 0 <= transaction < 1 << 64:
        raise EntryInvalid(f"{transaction} is no transaction")
    return PREFIX + _TRANSACTION.pack(transaction) + bytes(body)


def parse_event_leaf(leaf: bytes) -> EventLeaf:
    """The event in a leaf. Raises EntryInvalid."""
    start = len(PREFIX) + _TRANSACTION.size
    if len(leaf) < start or not leaf.startswith(PREFIX):
        raise EntryInvalid("the leaf is not that of an event")
    return EventLeaf(_TRANSACTION.unpack_from(leaf, len(PREFIX))[0], leaf[start:])
