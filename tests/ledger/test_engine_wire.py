"""What the engine sends in binary is what PostgreSQL reads."""

from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.columns import ids as as_array
from ledger.domain.columns import whole
from ledger.engine.load import open_cursor
from ledger.engine.wire import NUMERIC, numeric_array, numerics, uuid_array
from qenex.kernel.money import MAX_UNITS, UNIT, from_decimal, quantum, to_decimal

pytestmark = pytest.mark.usefixtures("database")
EDGES = [
    *(0, 1, 99, 100, 10**16 - 1, 10**16, 10**17, UNIT - 1, UNIT, UNIT + 1, 9_999 * UNIT, 10_000 * UNIT),
    *((2**63 - 1) * UNIT, 2**63 * UNIT, 2**64 * UNIT, 10**37, MAX_UNITS - 1, MAX_UNITS),
]
BOTH_SIGNS = sorted({sign * each for each in EDGES for sign in (1, -1)})
UNITS = st.integers(-MAX_UNITS, MAX_UNITS) | st.integers(-(10**20), 10**20) | st.sampled_from(BOTH_SIGNS)


def read_back(units: list[int], quantum: int = 1) -> list[tuple[str, Decimal]]:
    """The amounts as the server has them: its own text, and what the client makes of it."""
    connection.ensure_connection()
    cursor = open_cursor(connection.connection)
    query = "SELECT v::text, v::numeric(38,18) FROM unnest(%b) WITH ORDINALITY AS t (v, n) ORDER BY n"
    return cursor.execute(
        query, (numeric_array(whole([each // quantum for each in units]), quantum),), binary=True
    ).fetchall()


@settings(deadline=None, max_examples=60)
@given(st.lists(UNITS, min_size=1, max_size=40))
def test_any_amount_makes_the_round_trip(units: list[int]) -> None:
    rows = read_back(units)
    assert [from_decimal(value) for _, value in rows] == units
    assert [text for text, _ in rows] == [f"{to_decimal(each):f}" for each in units]


@settings(deadline=None, max_examples=40)
@given(st.lists(UNITS, min_size=1, max_size=40), st.integers(0, 18))
def test_amounts_of_an_asset_with_fewer_places_make_the_round_trip(units: list[int], places: int) -> None:
    step = quantum(places)
    amounts = [each - each % step if each > 0 else each + -each % step for each in units]
    assert [from_decimal(value) for _, value in read_back(amounts, step)] == amounts


def test_the_edges_make_the_round_trip_one_by_one() -> None:
    assert [from_decimal(read_back([each])[0][1]) for each in BOTH_SIGNS] == BOTH_SIGNS


def test_the_lowest_number_of_64_bits_makes_the_round_trip() -> None:
    lowest = -(2**63) * UNIT
    assert [from_decimal(value) for _, value in read_back([lowest, -UNIT], UNIT)] == [lowest, -UNIT]


def test_an_amount_has_one_form_of_one_length() -> None:
    assert {len(numerics(whole([each])).tobytes()) for each in BOTH_SIGNS} == {NUMERIC.itemsize}
    assert numerics(whole([-UNIT])).tobytes() == bytes.fromhex(
        "0000001c 000a 0004 4000 0012 0000000000000000 0001 00000000000000000000"
    )


def test_nothing_is_an_empty_array() -> None:
    assert read_back([]) == []


@given(st.lists(st.uuids(), max_size=20))
@settings(deadline=None, max_examples=10)
def test_ids_make_the_round_trip(ids: list[UUID]) -> None:
    connection.ensure_connection()
    cursor = open_cursor(connection.connection)
    rows = cursor.execute(
        "SELECT * FROM unnest(%b)", (uuid_array(as_array([each.bytes for each in ids])),), binary=True
    )
    assert [id for (id,) in rows] == ids
