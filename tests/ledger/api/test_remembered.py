"""What was looked up is remembered for a second, and who asks all the time never waits for it again."""

import asyncio
import time
from collections.abc import Callable

import pytest

from ledger.api.hot import remembered
from ledger.api.hot.remembered import Remembered

LIFETIME = 0.2


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "LIFETIME", LIFETIME)


class Register:
    """Counts its look-ups, each of which takes a while; it may be away."""

    def __init__(self) -> None:
        self.looks = 0
        self.away = False

    def __call__(self, key: str) -> str:
        self.looks += 1
        count = self.looks
        time.sleep(LIFETIME / 10)
        if self.away:
            raise ConnectionError("away")
        return f"{key} {count}"


def run(conversation: Callable[[Remembered[str, str], Register], object]) -> None:
    register = Register()

    async def talk() -> None:
        await conversation(Remembered(register), register)  # type: ignore[misc]  # a coroutine function

    asyncio.run(talk())


def test_who_asks_all_the_time_waits_once_and_hears_of_changes() -> None:
    async def conversation(known: Remembered[str, str], register: Register) -> None:
        waits, heard = 0, set()
        until = time.monotonic() + 4 * LIFETIME
        while time.monotonic() < until:
            before = time.monotonic()
            heard.add(await known.of("ann"))
            waits += time.monotonic() - before > LIFETIME / 20
            await asyncio.sleep(LIFETIME / 50)
        assert waits == 1
        assert len(heard) == register.looks
        assert 4 <= register.looks <= 9

    run(conversation)


def test_who_comes_back_later_finds_nothing_old() -> None:
    async def conversation(known: Remembered[str, str], register: Register) -> None:
        assert await known.of("ann") == "ann 1"
        assert known.at_once("ann") == (True, "ann 1")
        await asyncio.sleep(LIFETIME)
        assert known.at_once("ann") == (False, None)
        assert await known.of("ann") == "ann 2"

    run(conversation)


def test_an_answer_that_cannot_be_renewed_serves_until_its_time_is_over() -> None:
    async def conversation(known: Remembered[str, str], register: Register) -> None:
        assert await known.of("ann") == "ann 1"
        register.away = True
        await asyncio.sleep(LIFETIME * 0.6)
        assert await known.of("ann") == "ann 1"  # and looks it up again meanwhile, in vain
        await asyncio.sleep(LIFETIME * 0.2)
        assert register.looks == 2
        assert await known.of("ann") == "ann 1"
        await asyncio.sleep(LIFETIME * 0.4)
        with pytest.raises(ConnectionError):
            await known.of("ann")

    run(conversation)


def test_those_who_ask_together_share_a_look_up() -> None:
    async def conversation(known: Remembered[str, str], register: Register) -> None:
        assert set(await asyncio.gather(*(known.of("ann") for _ in range(50)))) == {"ann 1"}
        assert register.looks == 1

    run(conversation)
