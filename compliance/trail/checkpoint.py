"""The text of a checkpoint (C2SP tlog-checkpoint): whose tree it is, how many leaves it has, and its root."""

import re
from typing import NamedTuple

from compliance.trail.merkle import HASH_SIZE
from compliance.trail.text import TextInvalid, decode64, encode64, number

_CONTROL = re.compile(r"[\x00-\x1f]")


class CheckpointInvalid(ValueError):
    """The text is no checkpoint, or the values make none."""


class Checkpoint(NamedTuple):
    """A tree of a log at a size. The text of a note that is signed."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def encode(self) -> str:
        """The note's text, ending in a newline. Raises CheckpointInvalid where a value has no place in it."""
        text = "".join(f"{line}\n" for line in (self.origin, self.size, encode64(self.root), *self.extensions))
        if parse(text) != self:
            raise CheckpointInvalid("these values make no checkpoint")
        return text


def parse(text: str) -> Checkpoint:
    """The checkpoint of a note's text. Raises CheckpointInvalid."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines) or any(map(_CONTROL.search, lines)):
        raise CheckpointInvalid("a checkpoint is three lines or more, none of them empty, each with a newline")
    try:
        found = Checkpoint(lines[0], number(lines[1]), decode64(lines[2]), tuple(lines[3:]))
    except TextInvalid as error:
        raise CheckpointInvalid("the second line of a checkpoint is a size, the third a hash in base64") from error
    if len(found.root) != HASH_SIZE:
        raise CheckpointInvalid(f"the root of a checkpoint has {HASH_SIZE} bytes")
    return found
