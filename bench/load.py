"""Loads of single requests over HTTP: wrk where it is installed, else a generator of our own.

Either shares the machine with what it measures: its own work is part of every figure.
"""

import json
import math
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import ground
from bench.crew import Crew
from bench.errors import BenchError
from bench.stats import Sample, sample
from bench.works.single import SingleWork

SCRIPT = Path(__file__).with_name("single.lua")
FAULTS = ("connect", "read", "write", "status", "timeout")
WARM_UP_SECONDS = 1


class Target(NamedTuple):
    """Which web server, and the database behind it."""

    database: str
    port: int


class SingleArm:
    """So many keep-alive connections, each of which sends one new transfer after another."""

    against: Sequence[str]
    unit = "transfers/s"

    def __init__(
        self,
        name: str,
        crew: Crew,
        var: Path,
        target: Target,
        *,
        connections: int,
        hot: bool,
        seconds: float,
        count: Callable[[int, int], None],
        generator: str,
        family: str = "",
        against: Sequence[str] = (),
    ) -> None:
        self.name, self.family, self.against = name, family or name, against
        self._crew, self._var, self._target, self._count = crew, var, target, count
        self._connections, self._hot, self._seconds = connections, hot, seconds
        self._run = self._wrk if generator == "wrk" else self._own

    def warm_up(self) -> None:
        """One second."""
        self._run(WARM_UP_SECONDS)

    def run(self) -> Sample:
        """One run. Raises BenchError where one answer is not 201, or there is none."""
        found = self._run(max(1, math.ceil(self._seconds)))
        if not found.rate:
            raise BenchError("not one request was answered")
        return found

    def _own(self, seconds: int) -> Sample:
        work = SingleWork(*self._target, self._connections, seconds, self._hot)
        [outcome] = self._crew.run([work])
        self._count(outcome.done, 0)
        return sample(outcome.done / (outcome.ended - outcome.started), outcome.latencies)

    def _wrk(self, seconds: int) -> Sample:
        here = ground.load(self._var)
        book = here.books[ground.SHARED]
        accounts = self._var / "accounts.txt"
        accounts.write_text("".join(f"{each}\n" for each in book.accounts))
        script = ["--script", str(SCRIPT), f"http://127.0.0.1:{self._target.port}", "--"]
        arguments = [here.token, str(book.id), str(accounts), "hot" if self._hot else "uniform"]
        load = ["--threads", "1", "--connections", str(self._connections), "--duration", f"{seconds}s"]
        command = ["wrk", *load, "--timeout", "30s", *script, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
        result = _result(done)
        # What was under way when wrk stopped may have been posted all the same.
        self._count(result["requests"], self._connections)
        return Sample(result["requests"] / result["us"] * 1e6, *(result[name] / 1e6 for name in ("p50", "p95", "p99")))


def choose(wanted: str) -> str:
    """The generator: `wrk`, `own`, or for `auto` wrk where it is installed. Raises BenchError."""
    installed = shutil.which("wrk") is not None
    if wanted == "wrk" and not installed:
        raise BenchError("wrk is not installed; on Debian: apt-get install wrk")
    if wanted == "auto":
        return "wrk" if installed else "own"
    return wanted


def _result(done: "subprocess.CompletedProcess[str]") -> dict[str, int]:
    found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode != 0 or not found:
        raise BenchError(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    result: dict[str, int] = json.loads(found[0].removeprefix("RESULT "))
    faults = {name: result[name] for name in FAULTS if result[name]}
    if faults:
        raise BenchError(f"of {result['requests']} requests some were not answered with 201: {faults}")
    return result
