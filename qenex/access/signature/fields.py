"""Structured field values (RFC 8941), read strictly: a list, a dictionary, or an item, and nothing left over."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple, NoReturn, TypeVar

from qenex.access.signature.errors import SignatureMalformed


class Token(str):
    """A word without quotes."""

    __slots__ = ()


T = TypeVar("T")
BareItem = int | Decimal | str | bytes | bool
"""A `str` that is no `Token` is a quoted string."""
Parameters = dict[str, BareItem]


class Item(NamedTuple):
    """A value with its parameters."""

    value: BareItem
    parameters: Parameters


class InnerList(NamedTuple):
    """Values in parentheses, with the parameters of all."""

    items: tuple[Item, ...]
    parameters: Parameters


Member = Item | InnerList
_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]*))?")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN = re.compile(r"\?([01])")
_ESCAPED = re.compile(r"\\(.)")
_SPACES = re.compile(r" *")
_BETWEEN = re.compile(r"[ \t]*,[ \t]*")
_INTEGER_DIGITS, _WHOLE_DIGITS, _FRACTION_DIGITS = 15, 12, 3


def parse_dictionary(text: str, *, unique: bool = False) -> dict[str, Member]:
    """Members by key. Of a key that comes twice the last counts, as the RFC has it, unless `unique` refuses it.

    Raises SignatureMalformed.
    """
    reader = _Reader(text, unique=unique)
    found: dict[str, Member] = {}
    for _ in reader.commas():
        key = reader.key()
        reader.put(found, key, reader.member() if reader.taken("=") else Item(True, reader.parameters()))
    return found


def parse_list(text: str) -> list[Member]:
    """Members in order. Raises SignatureMalformed."""
    reader = _Reader(text)
    return [reader.member() for _ in reader.commas()]


def parse_item(text: str) -> Item:
    """One value. Raises SignatureMalformed."""
    reader = _Reader(text)
    item = reader.item()
    return item if reader.ended() else reader.refuse()


class _Reader:
    """A text, and how much of it was read."""

    def __init__(self, text: str, *, unique: bool = False) -> None:
        if not text.isascii():
            raise SignatureMalformed("a structured field is ASCII")
        self.text, self.unique = text, unique
        self.at = 0
        self.take(_SPACES)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Reads what matches, if anything does."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def taken(self, character: str) -> bool:
        """Reads the character where it comes next."""
        if not self.text.startswith(character, self.at):
            return False
        self.at += 1
        return True

    def ended(self) -> bool:
        """Whether nothing but spaces is left, which it reads."""
        self.take(_SPACES)
        return self.at == len(self.text)

    def refuse(self) -> NoReturn:
        """Raises SignatureMalformed."""
        raise SignatureMalformed(f"a structured field cannot be read at its character {self.at + 1}")

    def commas(self) -> Iterator[None]:
        """Once for each member that is to be read next."""
        if self.ended():
            return
        yield
        while not self.ended():
            if self.take(_BETWEEN) is None or self.at == len(self.text):
                self.refuse()
            yield

    def key(self) -> str:
        """The name of a member or a parameter."""
        found = self.take(_KEY)
        return self.refuse() if found is None else found[0]

    def put(self, into: dict[str, T], key: str, value: T) -> None:
        """Adds what was read; of a key that comes twice the last counts and stands last."""
        if self.unique and key in into:
            self.refuse()
        into.pop(key, None)
        into[key] = value

    def member(self) -> Member:
        """An item or an inner list."""
        return self.inner_list() if self.text.startswith("(", self.at) else self.item()

    def inner_list(self) -> InnerList:
        """Items in parentheses."""
        self.at += 1
        items: list[Item] = []
        while True:
            spaces = self.take(_SPACES)
            if self.taken(")"):
                return InnerList(tuple(items), self.parameters())
            if items and not (spaces and spaces[0]):
                self.refuse()
            items.append(self.item())

    def item(self) -> Item:
        """A value with its parameters."""
        value = self.bare()
        return Item(value, self.parameters())

    def parameters(self) -> Parameters:
        """What follows behind semicolons."""
        found: Parameters = {}
        while self.taken(";"):
            self.take(_SPACES)
            key = self.key()
            self.put(found, key, self.bare() if self.taken("=") else True)
        return found

    def bare(self) -> BareItem:
        """A value; its first character says of which type."""
        for pattern, value in _BARE:
            found = self.take(pattern)
            if found is not None:
                try:
                    return value(found)
                except ValueError:
                    self.refuse()
        return self.refuse()


def _number(found: re.Match[str]) -> BareItem:
    whole, fraction = found[1], found[2]
    if fraction is None:
        if len(whole) > _INTEGER_DIGITS:
            raise ValueError(whole)
        return int(found[0])
    if len(whole) > _WHOLE_DIGITS or not 1 <= len(fraction) <= _FRACTION_DIGITS:
        raise ValueError(fraction)
    return Decimal(found[0])


def _bytes(found: re.Match[str]) -> BareItem:
    value = b64decode(found[1], validate=True)
    if b64encode(value).decode() != found[1]:  # bits behind the last byte, or something behind the padding
        raise ValueError(found[1])
    return value


_BARE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], BareItem]], ...] = (
    (_STRING, lambda found: _ESCAPED.sub(r"\1", found[1]) if "\\" in found[1] else found[1]),
    (_NUMBER, _number),
    (_BYTES, _bytes),
    (_TOKEN, lambda found: Token(found[0])),
    (_BOOLEAN, lambda found: found[1] == "1"),
)
