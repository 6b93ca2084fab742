"""The text of a checkpoint (C2SP tlog-checkpoint): whose tree it is, how many leaves it has, and its root."""

import re
from binascii import a2b_base64, b2a_base64
from typing import NamedTuple

_SIZE = re.compile(r"0|[1-9][0-9]{0,19}")
_CONTROL = re.compile(r"[\x00-\x1f]")
_ROOT = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
_MAX_SIZE = (1 << 64) - 1


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
        text = "".join(f"{line}\n" for line in (self.origin, self.size, base64(self.root), *self.extensions))
        if parse(text) != self:
            raise CheckpointInvalid("these values make no checkpoint")
        return text


def parse(text: str) -> Checkpoint:
    """The checkpoint of a note's text. Raises CheckpointInvalid."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines) or any(map(_CONTROL.search, lines)):
        raise CheckpointInvalid("a checkpoint is three lines or more, none of them empty, each with a newline")
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size) or int(size) > _MAX_SIZE:
        raise CheckpointInvalid("the second line of a checkpoint is a size")
    if not _ROOT.fullmatch(root):
        raise CheckpointInvalid("the third line of a checkpoint is a hash in base64")
    return Checkpoint(origin, int(size), a2b_base64(root), tuple(extensions))


def base64(data: bytes) -> str:
    """RFC 4648, section 4, on one line."""
    return b2a_base64(data, newline=False).decode()
