"""Mistakes in a body, as problems with pointers."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from qenex.kernel import problems
from qenex.kernel.problems import Fault, Problem, pointer

_PLACE = re.compile(r" - at `\$(.*)`\Z", re.DOTALL)
_STEP = re.compile(r"\.([A-Za-z_]+)|\[([0-9]+)\]")
_NAMED = re.compile(r"Object (contains unknown|missing required) field `(.*)`\Z", re.DOTALL)
_WORDS = {
    "null": "null",
    "of length <=": "max_length",
    "of length >=": "min_length",
    "<=": "max_value",
    ">=": "min_value",
    "enum value": "invalid_choice",
}


class Mistake(Exception):
    """A transfer that no book could post; it is in `field`."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.code, self.detail = field, code, detail

    def fault(self, path: Sequence[str]) -> Fault:
        """The mistake of the transfer at that place of the body."""
        return Fault(self.code, self.detail, pointer((*path, self.field)))


def invalid(*faults: Fault) -> Problem:
    """The problem of a body with these faults."""
    return Problem(problems.INVALID, faults=faults)


def of_decoding(error: Exception, prefix: Sequence[str] = ()) -> Problem:
    """The problem behind msgspec's error; `prefix` is where in the body the decoded value stands."""
    if isinstance(error, msgspec.ValidationError):
        return invalid(_validation(str(error), prefix))
    if isinstance(error, RecursionError):
        return malformed("The body is nested too deeply.", prefix)
    if isinstance(error, UnicodeDecodeError):
        return malformed("The body is not UTF-8.", prefix)
    return malformed(f"{str(error).removesuffix('.')}.", prefix)


def malformed(detail: str, prefix: Sequence[str] = ()) -> Problem:
    """The problem of a body that is not JSON."""
    return Problem(problems.MALFORMED, f"Object {prefix[0]}: {detail}" if prefix else detail)


def _validation(message: str, prefix: Sequence[str]) -> Fault:
    place = _PLACE.search(message)
    what = message[: place.start()] if place else message
    path = [*prefix, *_steps(place[1] if place else "")]
    if named := _NAMED.match(what):
        unknown = named[1].startswith("contains")
        code, detail = ("unknown_field", "There is no such field.") if unknown else ("required", "It is required.")
        return Fault(code, detail, pointer((*path, named[2])))
    if path and path[-1] == "amount":
        return Fault("type", 'Must be a decimal number in a string, such as "12.34".', pointer(path))
    return Fault(_code(what), f"{what.replace('`', '')}.", pointer(path))


def _steps(text: str) -> Iterator[str]:
    for match in _STEP.finditer(text):
        yield match[1] or match[2]


def _code(what: str) -> str:
    if what.endswith("got `null`"):
        return "null"
    return next((code for words, code in _WORDS.items() if f" {words} " in what), "invalid")


def require_single_keys(raw: bytes, expected: int) -> None:
    """Raises Problem where an object of the body has a key twice; `expected` is how many keys were decoded."""
    if not keys_are_single(raw, expected):
        check_keys(raw)


def keys_are_single(raw: bytes, expected: int) -> bool:
    """Whether it is sure that the decoder dropped no key that was given twice.

    A key ends with a quote and a colon; if there are no more of these than keys that were decoded, none was dropped.
    Where no text has a colon, looking for a quote before each can be spared. Where a text or a space before a colon
    makes the count unsure, `check_keys` tells.
    """
    if raw.count(b":") == expected:
        return True
    spaced = b" :" in raw or b"\n:" in raw or b"\t:" in raw or b"\r:" in raw
    return not spaced and raw.count(b'":') == expected


def check_keys(raw: bytes, prefix: Sequence[str] = ()) -> None:
    """Reads JSON again with an eye on its keys. Raises Problem where an object has one twice."""
    json.loads(raw, object_pairs_hook=lambda pairs: _pairs(pairs, prefix), parse_int=str, parse_float=str)


def _pairs(pairs: list[tuple[str, Any]], prefix: Sequence[str]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise malformed(f"The key {key[:40]!r} is given twice in one object.", prefix)
        seen.add(key)
