"""What the crash tests share: waiting for load, killing without warning, and looking at what is left."""

import json
import os
import random
import signal
import subprocess
import time
from typing import Any

from tests.crash.conftest import PATIENCE, Place

SEED = int(os.environ.get("CRASH_SEED", "20260301"))
"""Another seed is another story: other payments, other victims, other moments."""
_BACKEND = "SELECT pid FROM pg_stat_activity WHERE usename = 'qenex_writer' ORDER BY query_start DESC LIMIT 1"


def check(place: Place) -> dict[str, Any]:
    """The books as they are after it all; fails on anything that is wrong."""
    told = place.run("-m", "tests.crash.checking", str(place.acknowledged))
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    assert found["wrong"] == []
    assert found["twice"] == 0
    assert found["posted"] >= found["acknowledged"] > 0
    place.run("manage.py", "ledger_verify", "--verbosity", "0")
    return found


def wait_for(place: Place, client: "subprocess.Popen[str]", more: int) -> None:
    """Waits until so many more transfers were acknowledged, and the client still lives."""
    target, deadline = place.count() + more, time.monotonic() + PATIENCE
    while place.count() < target:
        assert client.poll() is None, client.communicate()[0]
        assert time.monotonic() < deadline, "the load does not go on"
        time.sleep(0.02)


def strike(place: Place, client: "subprocess.Popen[str]", victim: int | None) -> None:
    """Kills a process, or the client, at once and without a chance to clear up."""
    if victim is None:
        end(client)
    else:
        os.kill(victim, signal.SIGKILL)


def end(client: "subprocess.Popen[str]") -> None:
    """Kills the client."""
    client.kill()
    client.wait()


def backend(place: Place) -> int:
    """The PostgreSQL process that has carried out a statement of the application's last."""
    pid: int = place.ask(_BACKEND)
    return pid


def moment(chance: random.Random) -> None:
    """Waits for no reason, so that what comes next comes at any point of a transaction."""
    time.sleep(chance.random() / 20)
