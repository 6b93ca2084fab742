"""Strict JSON: what two readers could understand differently is refused."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from qenex.kernel import problems
from qenex.kernel.problems import Problem

_CHARSETS = frozenset({"", "utf-8", "utf8"})


class StrictJSONParser(BaseParser):
    """UTF-8 JSON without duplicate keys, fractions, exponents, NaN, and text that cannot be stored."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value of the body. Raises ParseError, UnsupportedMediaType for another charset, or Problem (413)."""
        _require_utf8(media_type)
        return loads(_read(stream))


class NDJSONParser(BaseParser):
    """One JSON object a line; the answer is the list of them."""

    media_type = "application/x-ndjson"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The list of objects. Raises ParseError with the number of the line, UnsupportedMediaType or Problem (413)."""
        _require_utf8(media_type)
        lines = _read(stream).split(b"\n")
        return [_object(line, number) for number, line in enumerate(lines, 1) if line.strip()]


def _read(stream: IO[bytes]) -> bytes:
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise Problem(problems.TOO_LARGE)
    return raw


def loads(raw: bytes) -> Any:
    """The value of strict JSON bytes. Raises ParseError."""
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_pairs, parse_float=_refuse_fraction, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise ParseError(f"{error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise ParseError("The body is nested too deeply.") from None
    except ValueError:
        raise ParseError("A number has too many digits.") from None
    if b"\\u" in raw:
        _check_text(value)
    return value


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = loads(line)
    except ParseError as error:
        raise ParseError(f"Line {number}: {error.detail}") from None
    if not isinstance(value, dict):
        raise ParseError(f"Line {number}: each line must be a JSON object.")
    return value


def _require_utf8(media_type: str | None) -> None:
    for parameter in (media_type or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in _CHARSETS:
            raise UnsupportedMediaType(media_type or "")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ParseError(f"The key {twice!r} is given twice in one object.")
    return found


def _refuse_fraction(text: str) -> NoReturn:
    raise ParseError(f"The number {text[:40]} has a fraction or an exponent; write it as a string.")


def _refuse_constant(text: str) -> NoReturn:
    raise ParseError(f"{text} is not JSON.")


def _check_text(value: Any) -> None:
    """Escapes can spell what UTF-8 and PostgreSQL cannot hold: half a surrogate pair, and NUL."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner)
    elif isinstance(value, str) and any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
        raise ParseError("A text holds NUL or half a surrogate pair.")
