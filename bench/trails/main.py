"""The whole run: servers, ground, parts, figures."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench import machine
from bench.crew import Crew
from bench.errors import BenchError
from bench.servers import Servers, Watch, servers
from bench.trails.common import Stage
from qenex.embedded.bootstrap import DATABASE
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.supervisor import stoppable

PARTS = ("sealing", "cost", "proofs", "peers")


def main(home: Path, arguments: Sequence[str] | None = None) -> int:
    """Measures what the command line asks for, with servers in a new directory under `home`; the exit status."""
    options = _parse(arguments)
    try:
        with stoppable(), servers(home, keep=False) as (own, watch), Crew() as crew:
            return _measure(own, watch, crew, options)
    except (BenchError, EmbeddedError, psycopg.Error) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the audit trail on this machine.")
    parser.add_argument("--quick", action="store_true", help="a minute; too short to be quoted")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part (may be repeated)")
    parser.add_argument("--rounds", type=int, help="runs of each (3)")
    parser.add_argument("--events", type=int, help="events of a run (400,000)")
    parser.add_argument("--leaves", type=int, help="leaves of the tree for proofs (10,000,000)")
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    return parser.parse_args(arguments)


def _measure(own: Servers, watch: Watch, crew: Crew, options: argparse.Namespace) -> int:
    import django

    django.setup()
    from bench.trails import cost, peers, proofs, sealing
    from bench.works.setup import SetupWork

    about = machine.describe(own.var, own.url())
    print(f"{about['cpu']}, {about['cores']} cores, {about['memory_mb'] / 1024:.1f} GB, Python {about['python']}")
    print(f"PostgreSQL {about['settings']['server_version']}, fdatasync {about['fdatasync_ms']} ms, ", end="")
    print(f"load {machine.weather(own.var)['load'][0]}", flush=True)
    rounds, seconds, events, leaves = (1, 0.3, 20_000, 100_000) if options.quick else (3, 2.0, 400_000, 10_000_000)
    stage = Stage(
        *(own, watch, crew, options.rounds or rounds, seconds),
        *(options.events or events, options.leaves or leaves),
    )
    print(f"Medians of {stage.rounds} rounds, with the lowest and the highest; all share the cores.", end="")
    print(" QUICK: too short to be quoted.\n" if options.quick else "\n", flush=True)
    crew.run([SetupWork(DATABASE)])
    crew.dismiss()  # a database that is copied must have no users
    print("|what|figure|beside|\n|-|-|-|", flush=True)
    runs = {"sealing": sealing.run, "cost": cost.run, "proofs": proofs.run, "peers": peers.run}
    for name in options.only or PARTS:
        began = time.monotonic()
        runs[name](stage)
        print(f"{name} took {time.monotonic() - began:,.0f} s", file=sys.stderr, flush=True)
        if options.json is not None:
            options.json.write_text(json.dumps({"machine": about, "figures": stage.found}, indent=1))
    return 0
