"""Others beside it: pymerkle's tree, and what django-pghistory and django-auditlog cost a write."""

import json
import subprocess
import sys
from typing import Any

from bench.errors import BenchError
from bench.trails.common import Stage
from qenex.embedded import guard, postgres

PACKAGES = guard.PROJECT / "var" / "bench-peers"
"""Where bench/peers.sh puts them: nothing of ours imports them."""


def run(stage: Stage) -> None:
    """Each in a process of its own with its own packages; leaves out what could not be installed."""
    if not (PACKAGES / "pymerkle").exists():
        print("pymerkle, django-pghistory and django-auditlog are not installed: bench/peers.sh", file=sys.stderr)
        return
    with stage.own.database("peers") as database:
        found = [_child(stage, database) for _ in range(stage.rounds)]
    plain = [each["plain"] for each in found]
    for name, what in {
        "plain": "one row written in its own transaction, no history",
        "event": "the same with an event of ours, sealed later",
        "pghistory": "the same with django-pghistory's trigger",
        "auditlog": "the same with django-auditlog",
    }.items():
        rates = [each[name] for each in found]
        cost = sum(1 - rate / alone for rate, alone in zip(rates, plain, strict=True)) / len(found)
        stage.tell("peers", what, "writes/s", rates, "" if name == "plain" else f"costs {cost:.0%}")
    for name, what in {
        "merkle_ours": "leaves appended to a tree in memory, CompactRange",
        "merkle_pymerkle": "the same, pymerkle's InmemoryTree",
    }.items():
        stage.tell("peers", what, "leaves/s", [each[name] for each in found])
    for name in ("ours", "pymerkle"):
        rates = [each[f"proof_{name}"] for each in found]
        stage.tell("peers", f"inclusion proof, a tree of 65,536 leaves in memory, {name}", "ms", rates)


def _child(stage: Stage, database: str) -> dict[str, Any]:
    urls = postgres.database_urls(stage.own.var, database)
    environment = stage.environment(database) | {
        "PYTHONPATH": f"{guard.PROJECT}:{PACKAGES}",
        "DATABASE_URL": urls.owner,
        "PEERS_SECONDS": str(stage.seconds),
        "DJANGO_SETTINGS_MODULE": "bench.trails.peersettings",
    }
    command = [sys.executable, "-W", "ignore", "-m", "bench.trails.peerchild"]
    done = subprocess.run(command, cwd=guard.PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"the others failed:\n{done.stderr.strip()[-2_000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
