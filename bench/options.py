"""How much is measured."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

PARTS = ("service", "http", "large")


@dataclass(frozen=True)
class Options:
    """All that the command line decides, and what follows from --quick."""

    json: Path | None
    parts: tuple[str, ...]
    keep: bool
    quick: bool
    generator: str
    rows: int
    """Transfers in the large ledger before anything is measured on it."""
    seconds: float
    """Of one run of one arm."""
    rounds: int
    """Runs of each arm: figures are medians of so many."""
    sizes: tuple[int, ...] = (1, 100, 1_000, 5_000)
    clients: tuple[int, ...] = (1, 4, 16)
    batch_sizes: tuple[int, ...] = (1_000, 5_000)
    batch_clients: tuple[int, ...] = (1, 2, 4)
    connections: tuple[int, ...] = (64, 256, 1_000)
    large_sizes: tuple[int, ...] = (100, 5_000)
    large_clients: tuple[int, ...] = (1, 4)
    scale: int = 50
    """pgbench's: 50 is 750 MB, which fits into the server's buffers as the other tables do."""


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options of a command line."""
    parser = argparse.ArgumentParser(description="Measure the ledger on this machine, beside what the machine can do.")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write every figure there as JSON")
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    parser.add_argument("--quick", action="store_true", help="two minutes or so, to see that it runs")
    parser.add_argument("--rows", type=_count, help="transfers in the large ledger (10,000,000; quick: 50,000)")
    parser.add_argument("--size", type=_count, action="append", help="of a batch, for the service (may be repeated)")
    parser.add_argument("--seconds", type=_seconds, help="of one run (2; quick: 0.5)")
    parser.add_argument("--rounds", type=_count, help="runs that a median is made of (5; quick: 2)")
    parser.add_argument("--generator", choices=("auto", "wrk", "own"), default="auto", help="of single HTTP requests")
    parser.add_argument("--keep", action="store_true", help="leave the servers' directory for a look at it")
    given = parser.parse_args(arguments)
    defaults = (50_000, 0.5, 2) if given.quick else (10_000_000, 2.0, 5)
    amounts = (given.rows or defaults[0], given.seconds or defaults[1], given.rounds or defaults[2])
    parts = (given.only,) if given.only else PARTS
    options = Options(given.json, parts, given.keep, given.quick, given.generator, *amounts)
    options = _quick(options) if given.quick else options
    return replace(options, sizes=tuple(given.size)) if given.size else options


def _quick(options: Options) -> Options:
    return replace(
        options,
        sizes=(1, 5_000),
        clients=(1, 4),
        batch_sizes=(5_000,),
        batch_clients=(2,),
        connections=(256,),
        large_sizes=(5_000,),
        large_clients=(1,),
        scale=4,
    )


def _count(text: str) -> int:
    count = int(text.replace("_", "").replace(",", ""))
    if count < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 600:
        raise argparse.ArgumentTypeError("must be between 0.1 and 600")
    return seconds
