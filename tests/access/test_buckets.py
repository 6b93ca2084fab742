"""Buckets never give more than they say, and never less."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from qenex.access.buckets import Buckets

RATES = st.tuples(st.integers(1, 50), st.sampled_from([1.0, 60.0, 3_600.0]))
SHARES = st.lists(st.floats(0, 3), min_size=1, max_size=120)
"""Pauses between requests, in parts of the time in which a token comes back."""


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@given(RATES)
def test_a_new_key_gets_all_at_once_and_no_more(rate: tuple[int, float]) -> None:
    clock = Clock()
    buckets: Buckets[str] = Buckets(*rate, clock=clock)
    assert [buckets.take("a") for _ in range(rate[0] + 3)] == [True] * rate[0] + [False] * 3
    assert buckets.take("b")
    clock.now += rate[1]
    assert [buckets.take("a") for _ in range(rate[0] + 1)] == [True] * rate[0] + [False]


@given(RATES, SHARES)
def test_no_stretch_of_time_gives_more_than_a_bucket_and_what_came_back(
    rate: tuple[int, float], shares: list[float]
) -> None:
    clock, taken = Clock(), []
    buckets: Buckets[str] = Buckets(*rate, clock=clock)
    each = rate[1] / rate[0]
    for share in shares:
        clock.now += share * each
        if buckets.take("a"):
            taken.append(clock.now)
    for first, began in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= rate[0] + (taken[last] - began) / each + 0.01 + 1e-6


@given(RATES, SHARES)
def test_whoever_waits_as_long_as_he_was_told_is_let_in(rate: tuple[int, float], shares: list[float]) -> None:
    clock = Clock()
    buckets: Buckets[str] = Buckets(*rate, clock=clock)
    for share in shares:
        clock.now += share * rate[1] / rate[0] / 4
        told = buckets.wait("a")
        assert buckets.take("a") is (told == 0)
        if told:
            assert told <= rate[1] / rate[0]
            clock.now += told + 1e-6
            assert buckets.take("a")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 2)), max_size=60))
def test_keys_know_nothing_of_each_other(asked: list[tuple[str, float]]) -> None:
    clock = Clock()
    both: Buckets[str] = Buckets(3, 3.0, clock=clock)
    alone: dict[str, Buckets[str]] = {key: Buckets(3, 3.0, clock=clock) for key in "ab"}
    for key, pause in asked:
        clock.now += pause
        assert both.take(key) is alone[key].take(key)


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1)), max_size=200), st.integers(1, 10))
def test_no_more_keys_are_known_than_may_be(asked: list[tuple[int, float]], most: int) -> None:
    clock = Clock()
    buckets: Buckets[int] = Buckets(2, 2.0, clock=clock, most=most)
    for key, pause in asked:
        clock.now += pause
        buckets.take(key)
        assert len(buckets) <= most


def test_who_has_used_most_is_remembered_longest() -> None:
    buckets: Buckets[str] = Buckets(3, 60.0, clock=Clock(), most=4)
    assert [buckets.take("greedy") for _ in range(4)] == [True, True, True, False]
    for number in range(20):
        assert buckets.take(f"passer-by {number}")
    assert not buckets.take("greedy")


def test_a_pause_is_in_whole_seconds() -> None:
    clock = Clock()
    buckets: Buckets[str] = Buckets(1, 60.0, clock=clock)
    assert buckets.pause("a") == 1
    buckets.take("a")
    assert buckets.pause("a") == 60
    clock.now += 58.9
    assert buckets.pause("a") == 1
    assert 0 < buckets.wait("a") < 1
