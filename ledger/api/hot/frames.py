"""Messages between a web process and its posting process: JSON behind its length, all that there are at a time.

Not msgpack, whose integers have 64 bits: amounts have more.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from ledger.api.hot.counter import Posted, Posting

Question = tuple[int, Posting]
Reply = tuple[int, Posted]
T = TypeVar("T")
_LENGTH_BYTES = 4
_encoder = msgspec.json.Encoder()


def frame(messages: list[T]) -> bytes:
    """Messages as bytes."""
    body = _encoder.encode(messages)
    return len(body).to_bytes(_LENGTH_BYTES) + body


class Frames(Generic[T]):
    """What has come of the frames of the other side."""

    def __init__(self, kind: type[list[T]]) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """The messages that are whole with these bytes."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH_BYTES:
            stop = _LENGTH_BYTES + int.from_bytes(self._buffer[:_LENGTH_BYTES])
            if len(self._buffer) < stop:
                return
            body = bytes(self._buffer[_LENGTH_BYTES:stop])
            del self._buffer[:stop]
            yield from self._decoder.decode(body)
