"""The field of money."""

from decimal import Decimal
from typing import Any

from django.db import models

from qenex.kernel.money import SCALE

ABOVE_ALL = Decimal(10) ** 20
"""More than any amount; PostgreSQL holds NaN for more than any number, so that only this keeps it out."""


class AmountField(models.DecimalField):  # type: ignore[type-arg]  # its type arguments are for sub-classes that convert
    """NUMERIC(38,18): any amount of any asset, exactly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "max_digits": 38, "decimal_places": SCALE})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs
