"""pgbench's TPC-B on the same server: what PostgreSQL itself makes of short transactions that update balances."""

import math
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.servers import Servers
from bench.stats import Sample, sample
from qenex.embedded.paths import socket_dir
from qenex.embedded.wheel import binary

DATABASE = "bench_tpcb"
TPCB = "pgbench TPC-B"
FAMILY = "tpcb"


def initialise(servers: Servers, scale: int) -> None:
    """Makes its database; a scale of 1 is 100,000 accounts and about 15 MB. Raises BenchError."""
    servers.create(DATABASE, template="template0")
    _pgbench(servers, "--initialize", "--quiet", "--scale", str(scale))


class TpcbArm:
    """So many clients for whole seconds."""

    name = TPCB
    family = FAMILY
    against: Sequence[str] = ()
    unit = "transactions/s"

    def __init__(self, servers: Servers, clients: int, seconds: float) -> None:
        self._servers, self._clients, self._seconds = servers, clients, seconds

    def warm_up(self) -> None:
        """One second."""
        self._run(1)

    def run(self) -> Sample:
        """One run."""
        return self._run(max(1, math.ceil(self._seconds)))

    def _run(self, seconds: int) -> Sample:
        with tempfile.TemporaryDirectory(dir=self._servers.var) as directory:
            log = Path(directory) / "log"
            clients = ["--client", str(self._clients), "--jobs", str(min(self._clients, os.cpu_count() or 1))]
            logged = ["--log", "--log-prefix", str(log)]
            options = ["--no-vacuum", "--protocol", "prepared", "--time", str(seconds), *clients, *logged]
            output = _pgbench(self._servers, *options)
            lines = [line for path in Path(directory).iterdir() for line in path.read_text().splitlines()]
        return sample(_tps(output), [int(line.split()[2]) / 1e6 for line in lines])


def _tps(output: str) -> float:
    for line in output.splitlines():
        if line.startswith("tps = "):
            return float(line.split()[2])
    raise BenchError(f"pgbench says nothing of its speed: {output}")


def _pgbench(servers: Servers, *options: str) -> str:
    where = ["--host", str(socket_dir(servers.var)), "--username", "postgres"]
    command = [str(binary("pgbench")), *where, *options, DATABASE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"pgbench failed: {done.stderr.strip()}")
    return done.stdout
