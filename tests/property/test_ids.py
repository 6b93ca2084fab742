"""UUIDv7 as RFC 9562 has it, and rising within a process."""

import itertools
import os
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qenex.kernel import ids
from tests.support.threads import together


def _milliseconds(identifier: uuid.UUID) -> int:
    return identifier.int >> 80


def test_the_published_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9562, appendix A.6: 2022-02-22 14:22:22.000 -05:00, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F."""
    monkeypatch.setattr(ids, "_tick", lambda: (0x017F22E279B0 << 12) | 0xCC3)
    random = (0x18C4DC0C0C07398F << 2).to_bytes(8, "big")
    monkeypatch.setattr(os, "urandom", lambda count: random * (count // len(random)))
    monkeypatch.setattr(ids, "_pool", [])
    expected = uuid.UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")
    assert ids.uuid7() == expected
    assert ids.uuid7_many(1) == [expected]
    assert ids.uuid7_text() == str(expected)


def test_version_and_variant_and_time() -> None:
    before = time.time_ns() // 1_000_000
    made = [ids.uuid7(), *ids.uuid7_many(5)]
    after = time.time_ns() // 1_000_000
    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}
    assert all(before <= _milliseconds(each) <= after + 1 for each in made)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8))
def test_later_ids_are_larger(counts: list[int]) -> None:
    made = list(itertools.chain.from_iterable([*ids.uuid7_many(count), ids.uuid7()] for count in counts))
    assert made == sorted(set(made))


def test_ids_rise_while_the_clock_stands_still_or_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ids.uuid7()
    for past in (0, 3_600_000_000_000):
        monkeypatch.setattr(time, "time_ns", lambda past=past: 1_700_000_000_000_000_000 - past)
        following = ids.uuid7_many(5000)
        assert first < following[0]
        assert following == sorted(set(following))
        first = following[-1]


def test_threads_never_make_the_same() -> None:
    made = together(4, lambda _: [ids.uuid7() for _ in range(5000)])
    assert all(some == sorted(some) for some in made)
    assert len({each for some in made for each in some}) == 20_000


def test_a_forked_process_gives_out_other_ids() -> None:
    ids.uuid7()  # fills the pool
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(ids.uuid7().bytes[8:] for _ in range(4)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 64)
    assert {ids.uuid7().bytes[8:] for _ in range(4)}.isdisjoint(theirs[at : at + 8] for at in range(0, 32, 8))
