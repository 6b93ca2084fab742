"""JSON as RFC 8785 has it, for the values that we have."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qenex.kernel import canonical

TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_the_published_order_of_keys() -> None:
    """RFC 8785, section 3.2.3: keys are sorted by UTF-16 code units."""
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical.encode(value))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


def test_the_published_strings_and_literals() -> None:
    """RFC 8785, section 3.2.2, without its floating-point numbers, and the bytes of 3.2.4."""
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
    raw = canonical.encode({"string": text, "literals": [None, True, False]})
    expected = '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert raw == expected.encode()
    assert canonical.encode("\b\t\n\f\r\u0000\u001f\u007f") == b'"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f"'


@given(VALUES)
def test_what_is_written_is_read_back_and_written_the_same(value: Any) -> None:
    raw = canonical.encode(value)
    assert json.loads(raw) == value
    assert canonical.encode(json.loads(raw)) == raw


@given(st.dictionaries(TEXT, st.integers(), max_size=8), st.randoms())
def test_the_order_of_making_does_not_matter(value: dict[str, int], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical.encode(dict(items)) == canonical.encode(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (datetime(2031, 2, 3, 4, 5, 6, 0, UTC), "2031-02-03T04:05:06.000000Z"),
        (date(2031, 2, 3), "2031-02-03"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
    ],
)
def test_values_of_ours_are_strings(value: Any, text: str) -> None:
    assert canonical.encode([value]) == f'["{text}"]'.encode()


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {1, 2}, object(), Decimal])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical.encode({"a": [value]})


@pytest.mark.parametrize("value", [{1: "x"}, {None: "x"}])
def test_keys_are_texts(value: Any) -> None:
    with pytest.raises((TypeError, AttributeError)):
        canonical.encode(value)
