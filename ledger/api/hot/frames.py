"""Messages between a web process and its posting process: msgpack behind its length, all that there are at a time."""

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from ledger.api.hot.desk import Answered, Asked

Question = tuple[int, Asked]
Reply = tuple[int, Answered | None]
T = TypeVar("T")
_LENGTH_BYTES = 4
_encoder = msgspec.msgpack.Encoder()


def frame(messages: list[T]) -> bytes:
    """Messages as bytes."""
    body = _encoder.encode(messages)
    return len(body).to_bytes(_LENGTH_BYTES) + body


class Frames(Generic[T]):
    """What has come of the frames of the other side."""

    def __init__(self, kind: type[list[T]]) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
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
