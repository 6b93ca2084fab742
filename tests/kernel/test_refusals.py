"""A flood of refusals is counted, and does not fill the log."""

from typing import Any

from qenex.kernel.context import Context
from qenex.kernel.refusals import MOST, REFUSED, Kind, Refusals

NO = Kind(403, "permission_denied", "GET", "api-books")
ANN = Context(actor_id=1, actor="ann", address="192.0.2.1", method="jwt", request_id="r-1")


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def counts(events: list[tuple[dict[str, Any], Context]]) -> list[tuple[str, int, bool]]:
    return [(by.actor, fields["data"]["count"], fields["data"]["others"]) for fields, by in events]


def test_the_first_is_told_at_once_and_the_rest_of_the_minute_as_a_number() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    [(fields, by)] = refusals.refused(NO, ANN)
    assert (fields["type"], by) == (REFUSED, ANN)
    assert fields["data"] == {**NO._asdict(), "count": 1, "others": False}
    for second in range(59):
        clock.now = float(second)
        assert refusals.refused(NO, ANN) == []
    clock.now = 60.0
    assert counts(refusals.refused(NO, ANN)) == [("ann", 59, False), ("ann", 1, False)]


def test_who_stops_is_told_of_with_the_next_refusal_of_anybody() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    refusals.refused(NO, ANN)
    refusals.refused(NO, ANN)
    clock.now = 300.0
    bob = Context(actor_id=2, actor="bob")
    assert counts(refusals.refused(NO, bob)) == [("ann", 1, False), ("bob", 1, False)]


def test_each_kind_person_and_address_counts_for_itself() -> None:
    refusals = Refusals(Clock())
    strangers = [Context(actor="anonymous", address=f"192.0.2.{last}", method="anonymous") for last in (1, 2)]
    asked = [(NO, ANN), (NO._replace(status=401), ANN), *((NO, stranger) for stranger in strangers)]
    assert [counts(refusals.refused(kind, by)) for kind, by in asked] == [
        [("ann", 1, False)],
        [("ann", 1, False)],
        [("anonymous", 1, False)],
        [("anonymous", 1, False)],
    ]
    assert refusals.refused(NO._replace(route="api-accounts"), ANN) == []


def test_a_flood_from_ever_new_addresses_has_one_event_a_minute_beyond_the_first() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    told = []
    for number in range(1_000):
        by = Context(actor="anonymous", address=f"10.0.{number // 250}.{number % 250}", method="anonymous")
        told += refusals.refused(NO, by)
    assert len(told) == MOST + 1
    assert counts(told)[-1] == ("others", 1, True)
    clock.now = 61.0
    assert counts(refusals.refused(NO, ANN)) == [("others", 1_000 - MOST - 1, True), ("ann", 1, False)]
