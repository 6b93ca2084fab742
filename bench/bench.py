"""What all parts share: servers, clients, options, and what has been found so far."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench import machine
from bench.crew import Crew
from bench.options import Options
from bench.servers import Servers, Watch
from bench.table import lines, title
from bench.tally import Tally
from bench.trial import Arm, Labels, Row, measure


@dataclass
class Findings:
    """Everything that goes into the report."""

    machine: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    weather: list[dict[str, Any]] = field(default_factory=list)
    """How busy the machine was before each part and scenario."""
    memory: list[dict[str, Any]] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class Bench:
    """The run."""

    servers: Servers
    watch: Watch
    crew: Crew
    options: Options
    findings: Findings
    made: int = 0
    """Ledgers until now: none gets the name of an earlier one, to which clients may still be connected."""

    @contextmanager
    def ledger(self, part: str) -> Iterator[Tally]:
        """A fresh ledger in a database of its own; at the end nothing may be missing in it."""
        self.made += 1
        with self.servers.database(f"bench_{part}_{self.made}") as name:
            tally = Tally(name)
            yield tally
            self.verify(tally)

    def verify(self, tally: Tally) -> None:
        """Proves that a ledger has all that was acknowledged. Raises BenchError."""
        found = f"{tally.database}: {tally.verify(self.servers)}"
        self.findings.verified.append(found)
        say(f"  verified {found}")

    def problem(self, what: str) -> None:
        """Something came out wrong: it is told at once, again at the end, and in the exit status."""
        self.findings.problems.append(what)
        say(f"PROBLEM {what}")

    def measure(self, part: str, labels: Labels, arms: list[Arm]) -> None:
        """Measures arms beside one another and prints their rows."""
        weather = machine.weather(self.servers.var)
        self.findings.weather.append({"part": part, "scenario": dict(labels), **weather})
        say(f"{title(part, labels)}   (load {weather['load'][0]}, fdatasync {weather['fdatasync_ms']} ms)")
        rows = measure(part, labels, arms, self.options.rounds)
        self.findings.rows += rows
        for line in lines(rows):
            say(f"  {line}")


def say(text: str) -> None:
    """Progress goes to standard error: standard output is the report's."""
    print(text, file=sys.stderr, flush=True)
