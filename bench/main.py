"""The whole run: servers, ground, parts, report."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg

from bench import load, machine, pgbench, report
from bench.bench import Bench, Findings, say
from bench.crew import Crew
from bench.errors import BenchError
from bench.options import Options, parse
from bench.servers import Servers, Watch, servers
from qenex.embedded.bootstrap import DATABASE
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.supervisor import stoppable


def main(home: Path, arguments: Sequence[str] | None = None) -> int:
    """Measures what the command line asks for, with servers in a new directory under `home`; the exit status."""
    options = parse(arguments)
    try:
        options = replace(options, generator=load.choose(options.generator))
        with stoppable(), servers(home, keep=options.keep) as (own, watch), Crew() as crew:
            findings = _measure(own, watch, crew, options)
    except (BenchError, EmbeddedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    print(report.text(findings))
    return 1 if findings.problems else 0


def _measure(own: Servers, watch: Watch, crew: Crew, options: Options) -> Findings:
    _set_up_django()
    from bench.works.setup import SetupWork

    findings = Findings(machine.describe(own.var, own.url()))
    findings.notes += _notes(options)
    say("Making books and accounts ...")
    crew.run([SetupWork(DATABASE)])
    crew.dismiss()  # a database that is copied must have no users
    pgbench.initialise(own, options.scale)
    bench = Bench(own, watch, crew, options, findings)
    for name in options.parts:
        began = time.monotonic()
        try:
            _part(name)(bench)
        except (BenchError, psycopg.Error) as error:
            bench.problem(f"{name}: {error}")
            crew.dismiss()
        say(f"{name} took {time.monotonic() - began:,.0f} s")
        if options.json is not None:
            report.write(options.json, findings, options)
    return findings


def _set_up_django() -> None:
    """Only now, with our directory in the environment, may the settings be read, and only then models be imported."""
    import django

    django.setup()


def _part(name: str) -> Callable[[Bench], None]:
    from bench.parts import http, large, service

    return {"service": service.run, "http": http.run, "large": large.run}[name]


def _notes(options: Options) -> list[str]:
    generator = "wrk (one thread)" if options.generator == "wrk" else "our own generator (asyncio, one process)"
    notes = [
        f"Medians of {options.rounds} runs of {options.seconds:g} s in turns, with lowest and highest. Clients, web "
        "server, load generator and PostgreSQL share the cores: the generator's work is part of every figure.",
        f"Single requests come from {generator}. Every transfer is checked against limits; events are on.",
    ]
    if options.quick:
        notes.append("QUICK: too short to be quoted.")
    return notes
