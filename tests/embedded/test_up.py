"""`manage.py up`, as a person at a terminal and the machine's mishaps treat it."""

import fcntl
import io
import os
import re
import signal
import socket
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from qenex.embedded import postgres, redis
from qenex.embedded.output import Console
from qenex.embedded.paths import data_dir
from qenex.embedded.ports import check_port
from qenex.embedded.single import only_one
from tests.embedded import tour, verifying
from tests.embedded.conftest import Run

pytestmark = pytest.mark.timeout(240)
SECONDS = 90
TOLD = re.compile(r'(?:"status":|"code":)"(posted|held|id_reused|insufficient_funds)"')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Session:
    """One run of `up` and what it has said so far."""

    def __init__(self, run: Run, port: int, *options: str) -> None:
        self.port = port
        self.process = run("manage.py", "up", "--port", str(port), *options)
        self.said: list[str] = []

    def read_until(self, pattern: str) -> "re.Match[str]":
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern!r} was never said: {''.join(self.said)}")

    def status(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
            return int(response.status)

    def sealed(self) -> bool:
        """Whether every event has a position and a signed checkpoint covers it, as the metrics of all processes say."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as response:
            text = response.read().decode()
        found = dict(re.findall(r"(?m)^qenex_trail_(size|signed_size|events_behind) (\S+)$", text))
        return found.get("events_behind") == "0.0" and found["size"] == found["signed_size"] != "0.0"

    def descendants(self, word: str = "") -> list[psutil.Process]:
        every = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in every if word in " ".join(process.cmdline())]

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=SECONDS)
        self.said.append(rest)
        return self.process.returncode


def wait_until_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=40)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def nothing_runs(var: Path) -> bool:
    return not postgres.is_running(var) and not redis.is_running(var)


def test_it_serves_survives_deaths_and_ctrl_c_leaves_nothing(var: Path, run: Run) -> None:
    session = Session(run, free_port(), "--no-demo")
    session.read_until("QENEX runs at")
    assert session.status("/livez") == 200

    [web, *_] = session.descendants("granian")
    web.kill()
    session.read_until(r"^web +\| was killed by signal 9; starting it again in 0\.5 s")
    deadline = time.monotonic() + SECONDS
    while not _up(session.port):
        assert time.monotonic() < deadline, "the web server did not come back"
        time.sleep(0.2)

    os.kill(int((data_dir(var) / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    with closing(redis._client(var)) as client:
        client.shutdown(nosave=True)
    session.read_until(r"^Redis had died and was started again")

    while not session.sealed():
        assert time.monotonic() < deadline, "nothing is sealed"
        time.sleep(0.2)
    everything = session.descendants()
    assert session.end(signal.SIGINT) == 0
    assert session.said[-1].endswith("QENEX has stopped.\n")
    wait_until_gone(everything)
    assert nothing_runs(var)


def test_the_tour_works_kill_9_leaves_nothing_and_the_next_run_keeps_user_and_password(var: Path, run: Run) -> None:
    first = Session(run, free_port())
    password = first.read_until("Sign in as demo with the password (.+)").group(1)
    assert (var / "demo_password").stat().st_mode & 0o777 == 0o600
    everything = first.descendants()
    told = tour.answers(first.port, var)
    codes = ["posted", "posted", "id_reused", "id_reused", "posted", "insufficient_funds", "held", "posted"]
    assert [code for line in told for code in TOLD.findall(line)] == codes
    assert told[-1].startswith('{"results":[{"id":')
    assert '"type":"ledger.transfers.posted"' in told[-1]
    assert "EUR,equity:owner,owner,Owner's equity,equity," in "".join(told)
    assert verifying.verified(var) == "done 0 True"
    first.process.kill()

    second = Session(run, first.port)
    wait_until_gone(everything)
    assert second.read_until("Sign in as demo with the password (.+)").group(1) == password
    assert not any("Static files" in line or "Demo data" in line for line in second.said)
    assert second.end(signal.SIGTERM) == 0
    assert nothing_runs(var)


def test_a_run_waits_until_the_last_one_has_been_cleared_up_after(var: Path) -> None:
    var.mkdir()
    screen = io.StringIO()
    with (var / "up.lock").open("w") as guarded:
        fcntl.flock(guarded, fcntl.LOCK_EX)
        guarded.write(str(1 << 30))
        guarded.flush()
        cleared = threading.Timer(0.5, fcntl.flock, [guarded, fcntl.LOCK_UN])
        cleared.start()
        with only_one(var, Console(screen)):
            cleared.join(5)
    assert screen.getvalue() == "Clearing up after a run that was killed ...\n"
    assert (var / "up.lock").read_text() == str(os.getpid())


def test_servers_that_others_use_are_left_running(var: Path, run: Run) -> None:
    session = Session(run, free_port(), "--no-demo")
    session.read_until("QENEX runs at")
    import psycopg

    with closing(psycopg.connect(postgres.database_urls(var).reader)) as other:
        assert session.end(signal.SIGINT) == 0
        assert other.execute("SELECT 1").fetchone() == (1,)
    assert "other processes use them" in "".join(session.said)
    assert postgres.is_running(var)


def test_a_port_in_use_is_told_at_once_in_one_line(var: Path, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = run("manage.py", "up", "--port", str(port))
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert output == (
        f"CommandError: cannot listen on 127.0.0.1 port {port} (Address already in use); "
        f"choose another one: make run PORT={port + 1}\n"
    )
    assert not data_dir(var).exists()


@pytest.mark.parametrize("command", [["up", "--port", "0"], ["down", "--force"]], ids=["up", "down"])
def test_a_directory_in_use_is_left_alone(var: Path, run: Run, command: list[str]) -> None:
    with only_one(var, Console()):
        process = run("manage.py", *command)
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert output == (
        f"CommandError: QENEX already runs from {var} as process {os.getpid()}; "
        f"stop it with Ctrl-C or kill {os.getpid()}\n"
    )


def test_a_child_that_dies_while_starting_ends_the_run_with_its_last_words(var: Path, run: Run) -> None:
    session = Session(run, free_port(), "--no-demo", "--workers", "0")
    rest, _ = session.process.communicate(timeout=SECONDS)
    assert session.process.returncode == 1
    assert re.match(
        r"CommandError: web ended with status 2 while starting: .+ \(log: .+/web\.log\)$", rest.splitlines()[-1]
    )
    assert nothing_runs(var)


def test_an_impossible_port_is_told_too() -> None:
    from qenex.embedded.errors import EmbeddedError

    with pytest.raises(EmbeddedError, match=r"^cannot listen on 127\.0\.0\.1 port 70000 .*; .* PORT=8000$"):
        check_port("127.0.0.1", 70000)


def test_down_refuses_while_others_use_the_servers(var: Path, run: Run) -> None:
    import psycopg

    postgres.ensure_running(var, durable=False)
    with closing(psycopg.connect(postgres.database_urls(var).reader)):
        refused = run("manage.py", "down")
        assert refused.communicate(timeout=SECONDS)[0] == (
            "CommandError: Other processes use the servers; --force stops them all the same.\n"
        )
        assert refused.returncode == 1
    assert run("manage.py", "down").communicate(timeout=SECONDS)[0] == "The embedded servers are stopped.\n"
    assert nothing_runs(var)


def _up(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=2).close()
    except OSError:
        return False
    return True
