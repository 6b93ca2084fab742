"""kill -9 of sealers and of PostgreSQL under load: one history, every event in it once."""

import json
import random
import subprocess

import pytest

from tests.crash.conftest import Place
from tests.crash.load import SEED, backend, check, end, moment, strike, wait_for

VICTIMS = ("sealer", "postmaster", "sealer", "backend", "both")
_SEALING = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%%compliance_leaf%%' AND pid <> pg_backend_pid() LIMIT 1"


def kills(place: Place, victims: list[str]) -> dict[str, object]:
    """Load and two sealers, a kill, load again, and so on; the other one goes first next time."""
    opened, chance = place.open(), random.Random(SEED)
    client = place.client(opened, SEED)
    sealers = [place.start("manage.py", "seal") for _ in range(2)]
    for victim in victims:
        wait_for(place, client, chance.randint(50, 400))
        moment(chance)
        if victim in ("sealer", "both"):
            sealers[0] = _replace(place, sealers[0])
        if victim in ("postmaster", "both"):
            strike(place, client, place.postmaster())
        if victim == "backend":
            strike(place, client, place.ask(_SEALING) or backend(place))
        sealers.reverse()
    wait_for(place, client, 50)
    end(client)
    for each in sealers:
        each.terminate()
        output, _ = each.communicate(timeout=60)
        assert each.returncode == 0, output
    check(place)
    place.run("manage.py", "seal", "--once")
    found: dict[str, object] = json.loads(place.run("-m", "tests.compliance.sealing.checking").splitlines()[-1])
    assert found["wrong"] == []
    return found


def _replace(place: Place, process: "subprocess.Popen[str]") -> "subprocess.Popen[str]":
    assert process.poll() is None, process.communicate()[0]
    process.kill()
    process.wait()
    return place.start("manage.py", "seal")


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_twenty_kills_leave_one_history(place: Place) -> None:
    found = kills(place, [VICTIMS[turn % len(VICTIMS)] for turn in range(20)])
    assert int(str(found["checkpoints"])) > 20
