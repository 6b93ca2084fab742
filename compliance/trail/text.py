"""The parts of which our text files are made: numbers, base64, and sections of a head and lines of base64."""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from typing import NamedTuple

MAX_NUMBER = (1 << 64) - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")
_HEAD = re.compile(r"[a-z][a-z0-9-]{0,31}(?: [!-~]{1,200}){1,8}")


class TextInvalid(ValueError):
    """The text is not written in its one form."""


class Section(NamedTuple):
    """A head, which is a name and one argument or more, and what its lines of base64 say."""

    name: str
    arguments: tuple[str, ...]
    lines: tuple[bytes, ...] = ()

    @property
    def text(self) -> str:
        """The head and the lines, each ending in a newline."""
        return "".join(f"{line}\n" for line in (" ".join((self.name, *self.arguments)), *map(encode64, self.lines)))

    def numbers(self, count: int) -> list[int]:
        """The arguments, which are so many numbers. Raises TextInvalid."""
        if len(self.arguments) != count:
            raise TextInvalid(f"{self.name} takes {count} numbers")
        return list(map(number, self.arguments))


def sections(lines: Iterable[str]) -> list[Section]:
    """The sections of lines, each of another name. Raises TextInvalid.

    A head has a space, which base64 never has, so that neither passes for the other.
    """
    found: list[Section] = []
    for line in lines:
        if _HEAD.fullmatch(line):
            name, *arguments = line.split(" ")
            found.append(Section(name, tuple(arguments)))
        elif found:
            found[-1] = found[-1]._replace(lines=(*found[-1].lines, decode64(line)))
        else:
            raise TextInvalid("a section begins with its name")
    if len({section.name for section in found}) < len(found):
        raise TextInvalid("a section comes twice")
    return found


def number(text: str) -> int:
    """A number of 64 bits or fewer, in decimal, without leading zeros. Raises TextInvalid."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_NUMBER:
        raise TextInvalid("this is no number of 64 bits")
    return int(text)


def encode64(data: bytes) -> str:
    """RFC 4648, section 4, on one line."""
    return b2a_base64(data, newline=False).decode()


def decode64(text: str) -> bytes:
    """What base64 says, in its one canonical spelling and at least a byte. Raises TextInvalid."""
    try:
        data = a2b_base64(text, strict_mode=True)
    except (Base64Error, ValueError) as error:
        raise TextInvalid("this is no base64") from error
    if not data:
        raise TextInvalid("this is no base64")
    if encode64(data) != text:
        raise TextInvalid("this base64 has another spelling")
    return data
