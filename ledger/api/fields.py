"""Serializer fields of the ledger's answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from qenex.kernel.fields import SIGNED_AMOUNT_SCHEMA
from qenex.kernel.money import format_units, from_decimal

REFERENCE_HELP = "Its id or its code."
REFERENCE_PARAMETER = OpenApiParameter(
    "ref",
    {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
    OpenApiParameter.PATH,
    description=REFERENCE_HELP,
)


@extend_schema_field(SIGNED_AMOUNT_SCHEMA)
class MoneyField(serializers.Field[Any, Any, str, Any]):
    """An amount or a balance with the decimals of its asset, whose places are found on the row by `places`."""

    def __init__(self, *, places: str | Callable[[Any], int] = "places", **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)
        self.places = attrgetter(places) if isinstance(places, str) else places

    def get_attribute(self, instance: Any) -> Any:
        """The amount and the places; none where there is no amount."""
        value = super().get_attribute(instance)
        return None if value is None else (value, self.places(instance))

    def to_representation(self, value: Any) -> str:
        """The decimal string."""
        amount, places = value
        return format_units(from_decimal(amount), places)


class MomentField(serializers.DateTimeField):
    """A moment in UTC, always with its microseconds."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Any) -> str:
        """RFC 3339."""
        moment: datetime = value
        return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class MetadataField(serializers.DictField):
    """Any JSON object without fractions."""


class NameField(serializers.ChoiceField):
    """A number of the database as the word that the API has for it."""

    def __init__(self, names: dict[int, str], **kwargs: Any) -> None:
        super().__init__(list(names.values()), read_only=True, **kwargs)
        self.names = names

    def to_representation(self, value: Any) -> str:
        """The word."""
        return self.names[value]
