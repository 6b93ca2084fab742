"""Unwrapped keys stay for a bounded time and up to a bounded count."""

from typing import Any
from uuid import uuid4

import pytest

from qenex.vault import checks, crypto_shred, keyring
from qenex.vault.cache import Cache
from qenex.vault.errors import Shredded
from qenex.vault.models import DataKey
from tests.support.marked import marked
from tests.support.threads import together


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_entry_leaves_when_its_time_is_over() -> None:
    clock = Clock()
    cache: Cache[str, int] = Cache(lambda: 10, lambda: 5, clock)
    cache.put("a", 1)
    clock.now = 9.9
    assert cache.get("a") == 1
    clock.now = 10
    assert (cache.get("a"), len(cache)) == (None, 0)


def test_the_least_recently_used_entry_leaves_a_full_cache() -> None:
    cache: Cache[str, int] = Cache(lambda: 10, lambda: 2, Clock())
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_what_was_looked_up_before_the_cache_was_cleared_is_not_kept() -> None:
    cache: Cache[str, int] = Cache(lambda: 10, lambda: 2, Clock())
    era = cache.era()
    cache.clear()
    cache.put("a", 1, era)
    assert cache.get("a") is None
    cache.put("a", 1, cache.era())
    assert cache.get("a") == 1


def test_threads_never_exceed_the_count() -> None:
    cache: Cache[int, int] = Cache(lambda: 10, lambda: 50)

    def use(number: int) -> int:
        for key in range(2_000):
            cache.put(key * 8 + number, key)
            cache.get(key)
        return len(cache)

    assert max(together(8, use)) <= 50


def test_a_key_is_unwrapped_once_and_again_when_its_time_is_over(
    place: dict[str, str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwrapped: list[object] = []
    unwrap = keyring.unwrap

    def counted(row: DataKey) -> keyring.Key:
        unwrapped.append(row.pk)
        return unwrap(row)

    monkeypatch.setattr(keyring, "unwrap", counted)
    id = keyring.live("notes", "somebody").id
    for _ in range(5):
        assert keyring.key(id).id == keyring.live("notes", "somebody").id == id
    assert unwrapped == [id]
    keyring.forget()
    settings.KEY_CACHE_SECONDS = 0
    keyring.key(id)
    keyring.key(id)
    assert unwrapped == [id] * 5  # looked up past an empty cache, and once more for what could not be kept


def test_another_processes_key_is_readable_for_the_bounded_time_only(place: dict[str, str], settings: Any) -> None:
    subject = str(uuid4())
    id = keyring.live("notes", subject).id
    with marked():
        DataKey.objects.filter(pk=id).update(
            wrapped=None, shredded_at="2026-01-01T00:00:00Z"
        )  # as another process does
    assert keyring.key(id).id == id
    keyring.forget()
    with pytest.raises(Shredded):
        keyring.key(id)


def test_the_process_that_shreds_forgets_at_once(place: dict[str, str]) -> None:
    subject = str(uuid4())
    id = keyring.live("notes", subject).id
    crypto_shred(subject)
    with pytest.raises(Shredded):
        keyring.key(id)


def test_a_key_does_not_show_itself(place: dict[str, str]) -> None:
    key = keyring.live("notes", "somebody")
    assert "Secret(…)" in repr(key)
    assert repr(bytes(key.secret))[2:-1] not in repr(key)


@pytest.mark.parametrize(
    ("seconds", "most", "count"), [(300, 10_000, 0), (0, 1, 0), (3_600, 1_000_000, 0), (3_601, 1, 1), (-1, 0, 2)]
)
def test_keys_that_would_stay_too_long_are_an_error(settings: Any, seconds: int, most: int, count: int) -> None:
    settings.KEY_CACHE_SECONDS, settings.KEY_CACHE_COUNT = seconds, most
    assert [each.id for each in checks.check_cache(None)] == ["qenex.E033"] * count
