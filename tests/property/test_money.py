"""Fixed-point money is exact, and rounds only when and as it is told."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qenex.kernel import money
from qenex.kernel.money import MAX_UNITS, SCALE, UNIT, AmountProblem, Rounding

UNITS = st.integers(-MAX_UNITS, MAX_UNITS)
PLACES = st.integers(0, SCALE)
EXACT = Context(prec=80)
DIRECTIONS = {Rounding.DOWN: ROUND_DOWN, Rounding.UP: ROUND_UP, Rounding.HALF_EVEN: ROUND_HALF_EVEN}


@given(st.integers(0, MAX_UNITS), PLACES)
def test_what_is_written_is_read_back(units: int, places: int) -> None:
    assert money.parse(money.format_units(units, places)) == units


@given(UNITS)
def test_decimals_are_exact_both_ways(units: int) -> None:
    value = money.to_decimal(units)
    assert money.from_decimal(value) == units
    assert Fraction(value) == Fraction(units, UNIT)


@given(st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,18})?", fullmatch=True))
def test_a_plain_decimal_means_what_decimal_says(text: str) -> None:
    assert Fraction(money.parse(text), UNIT) == Fraction(text)


AMOUNT = st.one_of(
    st.from_regex(r"[0-9]{1,20}\.[0-9]{2}", fullmatch=True),
    st.from_regex(r"[0-9]{1,22}(\.[0-9]{0,20})?", fullmatch=True),
    st.sampled_from(["", "1.00\n2.00", "1.00\n", " 1.00", "1_0.00", "\u0663.00", "-1.00", "1e2", "1.0\x0b"]),
)


@given(st.lists(AMOUNT, max_size=6) | st.lists(st.from_regex(r"[0-9]{1,9}\.[0-9]{2}", fullmatch=True), max_size=6))
def test_many_are_read_as_each_is(texts: list[str]) -> None:
    try:
        each = [money.parse(text) for text in texts]
    except AmountProblem:
        with pytest.raises(AmountProblem):
            money.parse_all(texts)
    else:
        assert money.parse_all(texts) == each


@given(st.lists(UNITS | st.integers(-200, 200), max_size=6), PLACES, st.booleans())
def test_many_are_written_as_each_is(numbers: list[int], places: int, exact: bool) -> None:
    units = [number // money.quantum(places) * money.quantum(places) if exact else number for number in numbers]
    assert money.format_all(units, places) == [money.format_units(each, places) for each in units]


@given(st.text(max_size=12), PLACES)
def test_a_text_is_a_plain_decimal_of_the_places_or_refused(text: str, places: int) -> None:
    try:
        units = money.parse(text, places)
    except AmountProblem:
        return
    assert 0 <= units <= MAX_UNITS
    assert units % money.quantum(places) == 0
    assert set(text) <= set("0123456789.")


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1.", ".1", "1e1", "NaN", "Infinity", " 1", "1 ", "1,0", "1_0", "0x1", "1" * 21, "٣", "1\n"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(AmountProblem, match="plain decimal number"):
        money.parse(text)


@pytest.mark.parametrize(
    ("text", "places", "units"),
    [("12.34", 2, 1234 * 10**16), ("12.3400", 2, 1234 * 10**16), ("12", 0, 12 * UNIT), ("0.1", 18, 10**17)],
)
def test_trailing_zeros_are_no_places(text: str, places: int, units: int) -> None:
    assert money.parse(text, places) == units


@pytest.mark.parametrize(("text", "places"), [("12.345", 2), ("0.1", 0), ("0.000000000000000001", 17)])
def test_more_places_than_the_asset_has_are_refused(text: str, places: int) -> None:
    with pytest.raises(AmountProblem, match=f"has more than {places} decimal places"):
        money.parse(text, places)


@pytest.mark.parametrize(
    "value", ["NaN", "sNaN", "Infinity", "-Infinity", "1e-19", "1e20", "1e999999", "1e-999999", f"1.{'0' * 60}1"]
)
def test_a_decimal_that_cannot_be_held_is_refused(value: str) -> None:
    with pytest.raises(AmountProblem):
        money.from_decimal(Decimal(value))


@pytest.mark.parametrize("value", ["0", "-0", "0e999999", "0e-999999"])
def test_nothing_is_nothing(value: str) -> None:
    assert money.from_decimal(Decimal(value)) == 0


@given(UNITS, PLACES, st.sampled_from(Rounding))
def test_rounding_is_that_of_decimal(units: int, places: int, rounding: Rounding) -> None:
    rounded = money.round_units(units, places, rounding)
    step = Decimal(1).scaleb(-places)
    expected = money.to_decimal(units).quantize(step, DIRECTIONS[rounding], EXACT)
    assert Fraction(rounded, UNIT) == Fraction(expected)


@given(UNITS, UNITS.filter(bool), st.sampled_from(Rounding))
def test_division_is_never_off_by_a_unit(numerator: int, denominator: int, rounding: Rounding) -> None:
    quotient = money.divide(numerator, denominator, rounding)
    error = quotient - Fraction(numerator, denominator)
    assert abs(error) < 1
    if rounding is Rounding.DOWN:
        assert abs(quotient) <= abs(Fraction(numerator, denominator))
    elif rounding is Rounding.UP:
        assert abs(quotient) >= abs(Fraction(numerator, denominator))
    else:
        assert abs(error) < Fraction(1, 2) or (abs(error) == Fraction(1, 2) and quotient % 2 == 0)


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (1, 2, "0.000000000000000001"),
        (-125 * UNIT // 10, 2, "-12.50"),
        (12 * UNIT, 0, "12"),
        (MAX_UNITS, 0, "99999999999999999999.999999999999999999"),
    ],
)
def test_amounts_are_written_with_the_assets_places(units: int, places: int, text: str) -> None:
    assert money.format_units(units, places) == text
