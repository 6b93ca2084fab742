"""The one way in which RFC 8941 writes what nearly every client sends, read at once; all else is left to `fields`.

A text that is read here is written as the RFC would write it, and says what `fields` would find.
"""

import re
from base64 import b64decode
from functools import lru_cache

from qenex.access.signature.fields import InnerList, Item, Parameters

_KEY = r"[a-z*][a-z0-9_.*-]*"
_LIST = re.compile(
    rf'({_KEY})=(\((?:"[a-z0-9@-]+"(?: "[a-z0-9@-]+")*)?\))((?:;[a-z]+=(?:0|[1-9][0-9]{{0,14}}|"[ !#-\[\]-~]*"))*)'
)
_PARAMETER = re.compile(r';([a-z]+)=(?:([0-9]+)|"([^"]*)")')
_BYTES = re.compile(
    rf"({_KEY})=:((?:[A-Za-z0-9+/]{{4}})*(?:[A-Za-z0-9+/]{{2}}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?):"
)


def inner_list(text: str) -> tuple[str, InnerList, str] | None:
    """The key of a dictionary's only member, the member, and its text; none where it is not of the plain form."""
    found = _LIST.fullmatch(text)
    if found is None:
        return None
    label, names, rest = found.groups()
    pairs = _PARAMETER.findall(rest)
    parameters: Parameters = {name: int(number) if number else text for name, number, text in pairs}
    if len(parameters) != len(pairs):
        return None
    return label, InnerList(_items(names), parameters), names + rest


@lru_cache(maxsize=256)
def _items(names: str) -> tuple[Item, ...]:
    return tuple(Item(name, {}) for name in names[2:-2].split('" "')) if len(names) > len("()") else ()


def byte_sequence(text: str) -> tuple[str, bytes] | None:
    """The key of a dictionary's only member, and its bytes; none where it is not of the plain form."""
    found = _BYTES.fullmatch(text)
    return None if found is None else (found[1], b64decode(found[2]))
