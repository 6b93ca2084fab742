"""Structured field values as text: the one way in which RFC 8941 writes each of them."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from decimal import Decimal

from qenex.access.signature.errors import SignatureMalformed
from qenex.access.signature.fields import BareItem, InnerList, Item, Member, Parameters, Token


def dictionary(members: Mapping[str, Member]) -> str:
    """A dictionary."""
    return ", ".join(_entry(key, member) for key, member in members.items())


def items(members: Iterable[Member]) -> str:
    """A list."""
    return ", ".join(map(member, members))


def member(value: Member) -> str:
    """An item or an inner list."""
    if isinstance(value, Item):
        return bare(value.value) + parameters(value.parameters)
    return f"({' '.join(map(member, value.items))}){parameters(value.parameters)}"


def parameters(given: Parameters) -> str:
    """What follows a value."""
    return "".join(f";{key}" if value is True else f";{key}={bare(value)}" for key, value in given.items())


def bare(value: BareItem) -> str:
    """A value. Raises SignatureMalformed for a text that no quoted string can hold."""
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, bytes):
        return f":{b64encode(value).decode()}:"
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, str):
        return string(value)
    return _decimal(value) if isinstance(value, Decimal) else str(value)


def string(text: str) -> str:
    """A quoted string. Raises SignatureMalformed where it has other characters than visible ASCII and spaces."""
    if not (text.isascii() and text.isprintable()):
        raise SignatureMalformed("a quoted string holds visible ASCII")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _entry(key: str, value: Member) -> str:
    if isinstance(value, InnerList) or value.value is not True:
        return f"{key}={member(value)}"
    return key + parameters(value.parameters)


def _decimal(value: Decimal) -> str:
    """Without zeros at the end, but with one digit behind the point."""
    whole, _, fraction = f"{value:f}".partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits)}.{fraction.rstrip('0') or '0'}"
