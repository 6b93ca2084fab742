"""A number is not a text, and a text is not a number."""

from decimal import Decimal
from typing import Any

import pytest
from rest_framework import serializers

from qenex.kernel.fields import (
    AmountField,
    FlagField,
    IdField,
    SignedAmountField,
    StrictSerializer,
    TextField,
    WholeField,
)
from qenex.kernel.ids import uuid7
from qenex.kernel.money import UNIT

TYPE = 'Must be a decimal number in a string, such as "12.34".'
FORMAT = "Must be a plain decimal number such as 12.34, with at most 20 digits before the point."


@pytest.mark.parametrize(
    ("text", "units"),
    [("1", UNIT), ("0.000000000000000001", 1), ("12.50", 1250 * UNIT // 100), ("9" * 20, (10**20 - 1) * UNIT)],
)
def test_an_amount_is_read_exactly(text: str, units: int) -> None:
    assert AmountField().run_validation(text) == units


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1, TYPE),
        (True, TYPE),
        (Decimal("1"), TYPE),
        ([], TYPE),
        ("", FORMAT),
        (" 1", FORMAT),
        ("1e3", FORMAT),
        ("NaN", FORMAT),
        ("-1", FORMAT),
        ("+1", FORMAT),
        ("1,5", FORMAT),
        (".5", FORMAT),
        ("5.", FORMAT),
        ("٣", FORMAT),
        ("1" * 21, FORMAT),
        ("0.0000000000000000001", FORMAT),
        ("0", "Must be greater than zero."),
        ("0.00", "Must be greater than zero."),
    ],
)
def test_anything_else_is_no_amount(value: Any, message: str) -> None:
    with pytest.raises(serializers.ValidationError) as refused:
        AmountField().run_validation(value)
    assert refused.value.detail == [message]


def test_a_balance_may_be_negative_or_zero() -> None:
    assert SignedAmountField().run_validation("-1.5") == -15 * UNIT // 10
    assert SignedAmountField().run_validation("0") == 0
    with pytest.raises(serializers.ValidationError) as refused:
        SignedAmountField().run_validation("--1")
    assert refused.value.detail == [FORMAT]


def test_amounts_are_shown_as_short_as_they_are() -> None:
    field = SignedAmountField()
    assert field.to_representation(Decimal("-12.340000000000000000")) == "-12.34"
    assert field.to_representation(5 * UNIT) == "5"


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (TextField(), "x", [1, True, None, ["x"]]),
        (WholeField(), 7, ["7", True, None, 7.0]),
        (FlagField(), False, ["false", 0, None]),
        (IdField(), str(uuid7()), [1, uuid7().hex, uuid7().urn, "{" + str(uuid7())[:34] + "}"]),
    ],
    ids=["text", "whole", "flag", "id"],
)
def test_values_are_taken_at_their_word(field: Any, good: Any, bad: list[Any]) -> None:
    assert str(field.run_validation(good)) == str(good)
    for value in bad:
        with pytest.raises(serializers.ValidationError):
            field.run_validation(value)


class Pair(StrictSerializer):
    """A serializer of two fields, one of which only answers have."""

    name = TextField()
    made = serializers.CharField(read_only=True)


def test_unknown_and_read_only_fields_are_refused_beside_the_other_mistakes() -> None:
    serializer = Pair(data={"name": 1, "made": "x", "nmae": "y"})
    assert not serializer.is_valid()
    unknown = ["There is no such field."]
    assert serializer.errors == {"name": ["Not a valid string."], "made": unknown, "nmae": unknown}


def test_known_fields_are_taken() -> None:
    serializer = Pair(data={"name": "x"})
    assert serializer.is_valid()
    assert serializer.validated_data == {"name": "x"}
