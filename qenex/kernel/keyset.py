"""Pages by key: each begins where the one before it ended, so the millionth costs what the first does."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

M = TypeVar("M", bound=Model)


class CursorInvalid(ValueError):
    """A cursor that we never made."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows, and the direction to read in from there."""

    values: tuple[str, ...]
    backward: bool = False

    def encode(self) -> str:
        """The opaque text of the cursor."""
        raw = json.dumps([int(self.backward), *self.values], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The cursor of a text. Raises CursorInvalid."""
        try:
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
            backward, *values = json.loads(raw)
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise CursorInvalid("the cursor cannot be read") from None
        texts = all(isinstance(value, str) and value.isprintable() for value in values)
        if backward not in (0, 1) or not values or not texts:
            raise CursorInvalid("the cursor cannot be read")
        return cls(tuple(values), bool(backward))


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows in order, and the cursors of the pages before and after them."""

    items: list[M]
    previous: Cursor | None
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Keyset:
    """An order of rows by fields of which the last is unique; all rise, or all fall (each has a leading `-`)."""

    ordering: tuple[str, ...]

    def __post_init__(self) -> None:
        if len({name.startswith("-") for name in self.ordering}) != 1:
            raise ValueError("all fields of a keyset have the same direction")

    @property
    def names(self) -> tuple[str, ...]:
        """The fields without their direction."""
        return tuple(name.removeprefix("-") for name in self.ordering)

    def page(self, queryset: QuerySet[M], cursor: Cursor | None, limit: int) -> Page[M]:
        """At most `limit` rows beyond the cursor, in one query. Raises CursorInvalid."""
        backward = cursor is not None and cursor.backward
        falling = self.ordering[0].startswith("-") != backward
        rows = queryset.order_by(*(f"-{name}" if falling else name for name in self.names))
        if cursor is not None:
            rows = rows.filter(self._beyond(self._values(queryset.model, cursor), "lt" if falling else "gt"))
        items = list(rows[: limit + 1])
        more = len(items) > limit
        del items[limit:]
        if backward:
            items.reverse()
        before, after = (more, True) if backward else (cursor is not None, more)
        return Page(
            items,
            self._cursor(items[0], backward=True) if items and before else None,
            self._cursor(items[-1], backward=False) if items and after else None,
        )

    def _cursor(self, item: Model, *, backward: bool) -> Cursor:
        texts = (_field(type(item), name).value_to_string(item) for name in self.names)
        return Cursor(tuple(texts), backward)

    def _values(self, model: type[Model], cursor: Cursor) -> list[Any]:
        if len(cursor.values) != len(self.names):
            raise CursorInvalid("the cursor belongs to another list")
        try:
            fields = [_field(model, name) for name in self.names]
            return [field.to_python(text) for field, text in zip(fields, cursor.values, strict=True)]
        except ValidationError:
            raise CursorInvalid("the cursor belongs to another list") from None

    def _beyond(self, values: Sequence[Any], lookup: str) -> Q:
        """(a, b) > (x, y), written so that the index on (a, b) serves the first part."""
        name, value = self.names[len(self.names) - len(values)], values[0]
        if len(values) == 1:
            return Q((f"{name}__{lookup}", value))
        strictly = Q((f"{name}__{lookup}", value))
        return Q((f"{name}__{lookup}e", value)) & (strictly | self._beyond(values[1:], lookup))


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    if not isinstance(field, Field):
        raise FieldDoesNotExist(f"{name} is no column of {model.__name__}")
    return field
