"""What the parts share: where they measure, for how long, and what they have found."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench.crew import Crew
from bench.errors import BenchError
from bench.servers import Servers, Watch
from bench.stats import figure
from qenex.embedded import guard, postgres

PATIENCE_SECONDS = 600.0


@dataclass
class Stage:
    """Servers and clients, the sizes to measure at, and the lines found so far."""

    own: Servers
    watch: Watch
    crew: Crew
    rounds: int
    seconds: float
    events: int
    leaves: int
    found: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, part: str, what: str, unit: str, values: Sequence[float], beside: str = "") -> None:
        """Keeps a figure and prints its line: the median, with the lowest and the highest."""
        each = figure(values)
        row = {"part": part, "what": what, "unit": unit, "median": each.median, "low": each.low, "high": each.high}
        self.found.append(row | {"beside": beside})
        digits = 2 if each.median < 100 else 0
        spread = f"{each.low:,.{digits}f} to {each.high:,.{digits}f}"
        print(f"|{what}|{each.median:,.{digits}f} {unit} ({spread})|{beside}|", flush=True)

    def ask(self, database: str, query: str, *values: object) -> tuple[Any, ...]:
        """The first row, asked as the superuser."""
        with closing(psycopg.connect(self.own.url(database), autocommit=True)) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        if row is None:
            raise BenchError(f"nothing is there: {query}")
        return row

    def environment(self, database: str) -> dict[str, str]:
        """That of a process of ours which works on this database."""
        urls = postgres.database_urls(self.own.var, database)
        names = {"DATABASE_URL": urls.writer, "DATABASE_OWNER_URL": urls.owner, "DATABASE_READER_URL": urls.reader}
        return os.environ | names | {"QENEX_TRAIL_DIR": str(self.folder(database))}

    def folder(self, database: str) -> Path:
        """Where the sealers of this database keep what they have signed."""
        return self.own.var / f"trail-{database}"

    @contextmanager
    def sealer(self, database: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A sealer as `up` has it, for the block; it has looked at the log once."""
        with (self.own.var / f"sealer-{database}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "seal"],
                cwd=guard.PROJECT,
                env=self.environment(database),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            self.watch.over(process.pid)
            try:
                self.covered(database)
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)

    def covered(self, database: str) -> float:
        """Waits until a checkpoint covers every event; when that was, by the monotonic clock."""
        query = "SELECT (SELECT count(*) FROM kernel_event), coalesce((SELECT max(size) FROM compliance_checkpoint), 0)"
        ends = time.perf_counter() + PATIENCE_SECONDS
        with closing(psycopg.connect(self.own.url(database), autocommit=True)) as connection:
            while True:
                row = connection.execute(query).fetchone()
                if row is not None and row[0] == row[1]:
                    return time.perf_counter()
                if time.perf_counter() > ends:
                    raise BenchError(f"not every event is sealed: {row}")
                time.sleep(0.02)


def use(database: str, stage: Stage) -> None:
    """Points this process to the database, and to its file outside."""
    from django.conf import settings
    from django.db import connections

    from qenex.vault import signing

    settings.TRAIL_DIR = stage.folder(database)
    signing.forget()
    for alias in connections:
        connection = connections[alias]
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # every alias is PostgreSQL
        connection.settings_dict["NAME"] = database
