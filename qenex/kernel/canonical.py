"""One way to write a value down as bytes, so that equal values have equal hashes: JSON as RFC 8785 (JCS) has it.

Our values hold no floating-point numbers, which is where implementations of RFC 8785 differ; they are refused.
"""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

_AS_THEY_ARE = (str, bool, int, type(None))
_PLAIN = frozenset(_AS_THEY_ARE)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def encode(value: Any) -> bytes:
    """The canonical bytes of a JSON value that may also hold UUIDs, dates and Decimals (written as strings).

    Raises TypeError on floats and on anything that has no canonical form.
    """
    return _JSON.encode(plain(value)).encode()


def plain(value: Any) -> Any:
    """The value as plain JSON types, with keys in the order of RFC 8785 (by UTF-16 code units)."""
    if type(value) in _PLAIN or isinstance(value, _AS_THEY_ARE):
        return value
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a key that is no text has no canonical form")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be")) if len(value) > 1 else value
        return {key: plain(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return value if _PLAIN.issuperset(map(type, value)) else [plain(item) for item in value]
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} has no canonical form")
