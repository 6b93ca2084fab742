"""The committed table of who may ask for what."""

import csv
import os
from pathlib import Path

from tests.access.walk.addresses import Address

TABLE = Path(__file__).parents[1] / "privileges.csv"
WRITING = "PRIVILEGES_WRITE" in os.environ
"""Whether the walk writes the table instead of comparing with it: `make privileges`."""

Column = dict[Address, str]


def read() -> dict[str, Column]:
    """Who → what → outcome."""
    columns: dict[str, Column] = {}
    with TABLE.open(newline="") as file:
        for row in csv.DictReader(file):
            address = Address(row.pop("method"), row.pop("route"))
            for who, outcome in row.items():
                columns.setdefault(who, {})[address] = outcome
    return columns


def write(columns: dict[str, Column]) -> None:
    """Writes the table, ordered by route."""
    every = sorted(set().union(*columns.values()), key=lambda each: (each.route, each.method))
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["method", "route", *columns])
        writer.writerows([[*address, *(column[address] for column in columns.values())] for address in every])
