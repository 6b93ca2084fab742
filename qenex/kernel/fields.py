"""Serializer fields that take JSON at its word: a number is not a text, and a text is not a number."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from qenex.kernel import money

AMOUNT_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": r"^[0-9]{1,20}(\.[0-9]{1,18})?$",
    "description": "A plain decimal number, never a JSON number; no more decimals than the asset has.",
    "example": "12.34",
}
SIGNED_AMOUNT_SCHEMA = AMOUNT_SCHEMA | {"pattern": r"^-?[0-9]{1,20}(\.[0-9]{1,18})?$"}


@extend_schema_field(AMOUNT_SCHEMA)
class AmountField(serializers.Field[int, Any, str, Any]):
    """A positive amount: a decimal string outside, units of 10^-18 inside. The service checks the asset's places."""

    default_error_messages = {
        "type": 'Must be a decimal number in a string, such as "12.34".',
        "format": "{reason}",
        "positive": "Must be greater than zero.",
    }

    def __init__(self, *, allow_zero: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.allow_zero = allow_zero

    def to_internal_value(self, data: Any) -> int:
        """Units. Fails on anything but a plain decimal string."""
        if not isinstance(data, str):
            self.fail("type")
        try:
            units = money.parse(data)
        except money.AmountProblem as error:
            reason = str(error)
            self.fail("format", reason=f"{reason[:1].upper()}{reason[1:]}.")
        if not units and not self.allow_zero:
            self.fail("positive")
        return units

    def to_representation(self, value: Any) -> str:
        """The shortest decimal string of units or of a Decimal."""
        units = money.from_decimal(value) if isinstance(value, Decimal) else value
        return money.format_units(units, 0)


@extend_schema_field(SIGNED_AMOUNT_SCHEMA)
class SignedAmountField(AmountField):
    """A balance or a floor, which may be negative."""

    def to_internal_value(self, data: Any) -> int:
        """Units, with an optional minus sign."""
        negative = isinstance(data, str) and data.startswith("-")
        units = super().to_internal_value(data[1:] if negative else data)
        return -units if negative else units

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"allow_zero": True, **kwargs})


class TextField(serializers.CharField):
    """A JSON string; DRF's own field also takes numbers."""

    def to_internal_value(self, data: Any) -> str:
        """The text as it is. Fails on anything but a string."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeField(serializers.IntegerField):
    """A JSON integer; DRF's own field also takes strings."""

    def to_internal_value(self, data: Any) -> int:
        """The number. Fails on anything but an integer."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """A JSON true or false; DRF's own field also takes "yes" and 1."""

    def to_internal_value(self, data: Any) -> bool:
        """The truth value. Fails on anything else."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class IdField(serializers.UUIDField):
    """A UUID in its usual form; DRF's own field also takes integers and URNs."""

    def to_internal_value(self, data: Any) -> UUID:
        """The UUID. Fails on any other spelling."""
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses fields it does not know, and those that only answers have."""

    default_error_messages = {"unknown_field": "There is no such field."}

    def to_internal_value(self, data: Any) -> Any:
        """The values by name. Raises ValidationError with every mistake, unknown fields among them."""
        unknown = set(data) - {field.field_name for field in self._writable_fields} if isinstance(data, Mapping) else ()
        message = str(self.error_messages["unknown_field"])
        errors = {key: [serializers.ErrorDetail(message, "unknown_field")] for key in sorted(unknown)}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**_as_dict(error.detail), **errors}) from None
        if errors:
            raise serializers.ValidationError(errors)
        return value


def _as_dict(detail: Any) -> dict[str, Any]:
    return dict(detail) if isinstance(detail, Mapping) else {"non_field_errors": detail}
