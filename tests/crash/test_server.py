"""kill -9 of web server, posting process, worker, PostgreSQL and `manage.py up` under requests: nothing is lost."""

import random
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any

import psutil
import pytest

from tests.crash.conftest import PATIENCE, Place
from tests.crash.load import SEED, backend, check, end, moment, strike, wait_for
from tests.support.debian import free_port

VICTIMS = ("posting", "web process", "postmaster", "worker", "client", "web", "backend", "worker", "up")


class Office:
    """A running back office and who works in it."""

    def __init__(self, place: Place) -> None:
        self.place, self.port = place, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = self.start()

    def start(self) -> "subprocess.Popen[str]":
        """Starts it and waits until it answers."""
        process = self.place.start("manage.py", "up", "--no-demo", "--port", str(self.port))
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.1)
        return process

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/livez", timeout=5).close()  # noqa: S310  # our own address
        except (urllib.error.URLError, OSError):
            return False
        return True

    def pid(self, victim: str) -> int | None:
        """The process of that role; none for the client."""
        if victim in ("client", "up"):
            return None if victim == "client" else self.process.pid
        if victim in ("postmaster", "backend"):
            return self.place.postmaster() if victim == "postmaster" else backend(self.place)
        word = {"worker": "celery", "posting": "hot.posting"}.get(victim, "granian")
        while True:
            children = psutil.Process(self.process.pid).children(recursive=victim == "posting")
            found = [child for child in children if word in " ".join(child.cmdline())]
            if found and victim == "web process":
                found = found[0].children()
            if found:
                return found[0].pid
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends it as Ctrl-C does."""
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)


def kills(place: Place, victims: list[str]) -> dict[str, Any]:
    """Requests, a kill, requests again, and so on."""
    office = Office(place)
    opened, chance, seed = place.open(), random.Random(SEED), SEED
    client = place.client(opened, seed, url=office.url)
    for victim in victims:
        wait_for(place, client, chance.randint(50, 300))
        moment(chance)
        strike(place, client, office.pid(victim))
        if victim == "client":
            seed += 1
            client = place.client(opened, seed, url=office.url)
        if victim == "up":
            office.process.communicate()
            office.process = office.start()
    wait_for(place, client, 50)
    end(client)
    office.stop()
    return check(place)


@pytest.mark.timeout(600)
def test_four_kills_lose_nothing(place: Place) -> None:
    found = kills(place, ["posting", "web process", "worker", "postmaster"])
    assert found["acknowledged"] >= 200


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_twenty_kills_lose_nothing(place: Place) -> None:
    kills(place, [VICTIMS[turn % len(VICTIMS)] for turn in range(20)])
