"""kill -9 of the client, of a backend and of the whole PostgreSQL in the middle of load: nothing is lost."""

import random
from typing import Any

import pytest

from qenex.embedded import postgres
from tests.crash.conftest import Place
from tests.crash.load import SEED, backend, check, end, moment, strike, wait_for

VICTIMS = ("client", "backend", "postmaster", "stop")


def kills(place: Place, victims: list[str]) -> dict[str, Any]:
    """Load, a kill, load again, and so on; each client goes on until it is itself killed."""
    opened = place.open()
    chance = random.Random(SEED)
    client = place.client(opened, seed := SEED)
    for victim in victims:
        wait_for(place, client, chance.randint(50, 400))
        moment(chance)
        if victim == "stop":
            assert postgres.stop(place.var)
        else:
            pids = {"client": lambda: None, "backend": lambda: backend(place), "postmaster": place.postmaster}
            strike(place, client, pids[victim]())
        if victim == "client":
            client = place.client(opened, seed := seed + 1)
    wait_for(place, client, 50)
    end(client)
    return check(place)


@pytest.mark.timeout(600)
def test_three_kills_and_a_stop_lose_nothing(place: Place) -> None:
    found = kills(place, ["backend", "postmaster", "client", "stop"])
    assert found["acknowledged"] >= 250


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_twenty_kills_lose_nothing(place: Place) -> None:
    chance = random.Random(SEED)
    kills(place, [chance.choice(VICTIMS) for _ in range(20)])
