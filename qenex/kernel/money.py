"""Fixed-point money: whole numbers of 10^-18 inside, decimal strings outside, and no rounding unless asked for."""

import re
from collections.abc import Sequence
from contextlib import suppress
from decimal import Context, Decimal, Inexact
from enum import Enum
from functools import cache

SCALE = 18
UNIT: int = 10**SCALE
"""How many units make one whole: one euro is `UNIT` units."""
MAX_UNITS: int = 10**38 - 1
"""The largest amount that NUMERIC(38,18) holds, in units."""

_WHOLE_DIGITS = 20
_QUANTA: tuple[int, ...] = tuple(10 ** (SCALE - places) for places in range(SCALE + 1))
_EXACT = Context(prec=60, traps=[Inexact])


class AmountProblem(ValueError):
    """An amount that is not a plain decimal of the asset's precision; the message says why."""


class Rounding(Enum):
    """The direction of a rounding is always an argument."""

    DOWN = "down"
    UP = "up"
    HALF_EVEN = "half_even"


def parse(text: str, places: int = SCALE) -> int:
    """Units of a plain decimal such as "12.34": no sign, no exponent, no blanks, at most `places` decimals.

    Raises AmountProblem.
    """
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    plain = digits.isdecimal() and digits.isascii() and bool(fraction) is bool(point)
    if not plain or not 0 < len(whole) <= _WHOLE_DIGITS or len(fraction) > SCALE:
        raise AmountProblem("must be a plain decimal number such as 12.34, with at most 20 digits before the point")
    if len(fraction) > places and fraction[places:].strip("0"):
        raise AmountProblem(f"has more than {places} decimal places")
    return int(digits) * _QUANTA[len(fraction)]


def parse_all(texts: Sequence[str]) -> list[int]:
    """What `parse` makes of each; faster where all have the same number of decimals. Raises AmountProblem."""
    places = len(texts[0].partition(".")[2]) if texts else 0
    lines = "".join(f"{text}\n" for text in texts)
    if places <= SCALE and _alike(places).fullmatch(lines):
        numbers = lines.replace(".", "").split()
        if len(numbers) == len(texts):  # none was two lines
            step = _QUANTA[places]
            return [int(number) * step for number in numbers]
    return [parse(text) for text in texts]


@cache
def _alike(places: int) -> re.Pattern[str]:
    """Lines of numbers, each with so many decimals."""
    fraction = rf"\.[0-9]{{{places}}}" if places else ""
    return re.compile(rf"(?:[0-9]{{1,{_WHOLE_DIGITS}}}{fraction}\n)*")


def from_decimal(value: Decimal) -> int:
    """Units of a Decimal. Raises AmountProblem where it is no number or has more than 18 places."""
    if not value.is_finite():
        raise AmountProblem("must be a finite number")
    if not value or value.adjusted() < _WHOLE_DIGITS:
        with suppress(Inexact):
            return int(_EXACT.to_integral_exact(_EXACT.scaleb(value, SCALE)))
    raise AmountProblem("has more than 20 digits before the point or 18 after it")


def to_decimal(units: int) -> Decimal:
    """The exact Decimal of an amount in units."""
    return _EXACT.scaleb(Decimal(units), -SCALE)


def format_units(units: int, places: int = SCALE) -> str:
    """The decimal string of an amount, with `places` decimals and more only where they are not zero.

    >>> format_units(12_340_000_000_000_000_000, 2)
    '12.34'
    """
    exact, rest = divmod(units, quantum(places))
    if not rest and places:  # as nearly always: one text and two slices of it
        digits = str(exact)
        if len(digits) < places + 2:  # there may be no digit before the point
            digits = f"{exact:0{places + 1 + (exact < 0)}d}"
        return f"{digits[:-places]}.{digits[-places:]}"
    whole, fraction = divmod(abs(units), UNIT)
    digits = f"{fraction:018d}".rstrip("0").ljust(places, "0")
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def format_all(units: Sequence[int], places: int) -> list[str]:
    """What `format_units` makes of each."""
    step, least = quantum(places), 10**places
    exact = [each // step for each in units]
    if not places or sum(exact) * step != sum(units):
        return [format_units(each, places) for each in units]
    return [
        f"{digits[:-places]}.{digits[-places:]}" if not -least < number < least else format_units(number * step, places)
        for number, digits in zip(exact, map(str, exact), strict=True)
    ]


def quantum(places: int) -> int:
    """The smallest amount of an asset with so many decimal places, in units."""
    return _QUANTA[places]


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """The whole quotient of two integers, rounded as told. Raises ZeroDivisionError."""
    quotient, remainder = divmod(numerator, denominator)
    if not remainder:
        return quotient
    if rounding is Rounding.DOWN:
        return quotient if (numerator < 0) == (denominator < 0) else quotient + 1
    if rounding is Rounding.UP:
        return quotient + 1 if (numerator < 0) == (denominator < 0) else quotient
    double = 2 * abs(remainder) - abs(denominator)
    return quotient + 1 if double > 0 or (double == 0 and quotient % 2) else quotient


def round_units(units: int, places: int, rounding: Rounding) -> int:
    """The amount rounded to so many decimal places: down is toward zero, up is away from it."""
    step = quantum(places)
    return divide(units, step, rounding) * step
