"""A ledger that has been posted to for long, beside an empty one on the same server."""

import time
from collections.abc import Callable
from contextlib import closing

import psycopg
from tqdm import tqdm

from bench import ground
from bench.arms import CrewArm
from bench.bench import Bench, say
from bench.crew import Crew
from bench.errors import BenchError
from bench.parts.arms import Place, service
from bench.parts.http import FORMS, batch, single
from bench.servers import Web, web
from bench.trial import Arm
from bench.works.base import Work
from bench.works.reads import PATHS, AsOfWork, PageWork
from bench.works.service import FILL_BATCH, FillWork

PART = "large"
READS = "reads: "
EMPTY = "empty"
FILL_STEPS = 50
SINGLE_CONNECTIONS = 256
BATCH, BATCH_CLIENTS = 5_000, 2


def run(bench: Bench) -> None:
    """Fills a ledger through the service, then measures it and fresh empty ones in turns."""
    with bench.ledger(PART) as tally, Crew() as crew:
        large = Place(bench, tally, crew)
        _fill(large)
        _services(bench, large)
        with web(bench.servers, bench.watch, large.database) as server:
            _pages(bench, large, server)
            bench.findings.memory.append({"after": PART, "processes": server.memory()})


def _fill(large: Place) -> None:
    rows, began = large.bench.options.rows, time.monotonic()
    left = rows
    with tqdm(total=rows, unit=" transfers", unit_scale=True, disable=None) as progress:
        while left:
            step = min(left, max(FILL_BATCH, rows // FILL_STEPS))
            large.clients.run([FillWork(large.database, ground.SHARED, step)])
            large.tally.post(step)
            left -= step
            progress.update(step)
    seconds = time.monotonic() - began
    _settle(large.bench, large.database)
    note = f"The large ledger was filled with {rows:,} transfers in {seconds:,.0f} s: {rows / seconds:,.0f}/s."
    large.bench.findings.notes.append(note)
    say(f"  {note}")
    large.bench.verify(large.tally)


def _settle(bench: Bench, database: str) -> None:
    """Does now what autovacuum and the checkpointer would do during the measurement."""
    with closing(psycopg.connect(bench.servers.url(database), autocommit=True)) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def _services(bench: Bench, large: Place) -> None:
    for size in bench.options.large_sizes:
        for clients in bench.options.large_clients:
            with bench.ledger(EMPTY) as tally:
                arms: list[Arm] = []
                for name, hot in (("uniform", False), ("hot", True)):
                    both = {"empty": Place(bench, tally), "large": large}
                    arms += [
                        service(
                            place,
                            f"{which}, {name}",
                            size=size,
                            clients=clients,
                            hot=hot,
                            against=(f"empty, {name}",) if place is large else (),
                        )
                        for which, place in both.items()
                    ]
                _measure(bench, {"what": "service", "batch": size, "clients": clients}, arms)


def _pages(bench: Bench, large: Place, large_web: Web) -> None:
    with bench.ledger(EMPTY) as tally, web(bench.servers, bench.watch, tally.database) as empty_web:
        both = [("empty", Place(bench, tally), empty_web), ("large", large, large_web)]
        _measure(bench, {"what": "HTTP batch", "batch": BATCH, "clients": BATCH_CLIENTS}, _batches(both))
        _measure(bench, {"what": "HTTP single", "connections": SINGLE_CONNECTIONS}, _singles(both))
        _reads(bench, both)


Both = list[tuple[str, Place, Web]]


def _batches(both: Both) -> list[Arm]:
    return [
        batch(
            place,
            server,
            f"{which}, {form}",
            form=form,
            size=BATCH,
            clients=BATCH_CLIENTS,
            against=(f"empty, {form}",) if which == "large" else (),
        )
        for form in FORMS
        for which, place, server in both
    ]


def _singles(both: Both) -> list[Arm]:
    return [
        single(
            place,
            server,
            f"{which}, {name}",
            connections=SINGLE_CONNECTIONS,
            hot=hot,
            against=(f"empty, {name}",) if which == "large" else (),
        )
        for name, hot in (("uniform", False), ("hot", True))
        for which, place, server in both
    ]


def _reads(bench: Bench, both: Both) -> None:
    """Every kind of page; one that cannot be had is a problem of its own."""
    for page in PATHS:
        arms: list[Arm] = [_read(place, which, _page_work(place, server, page)) for which, place, server in both]
        try:
            _measure(bench, {"what": f"{READS}{page}", "clients": 1}, arms)
        except BenchError as error:
            bench.problem(f"{PART}: {page}: {str(error).splitlines()[-1]}")
    arms = [_read(place, which, _as_of_work(place)) for which, place, _ in both]
    _measure(bench, {"what": f"{READS}selector, balance as of", "clients": 1}, arms)


def _page_work(place: Place, server: Web, page: str) -> Callable[[int, int], Work]:
    return lambda client, count: PageWork(place.database, server.port, page, count)


def _as_of_work(place: Place) -> Callable[[int, int], Work]:
    return lambda client, count: AsOfWork(place.database, count)


def _read(place: Place, which: str, make: Callable[[int, int], Work]) -> CrewArm:
    return CrewArm(
        which,
        place.clients,
        make,
        clients=1,
        size=1,
        seconds=place.bench.options.seconds,
        count=lambda done: None,
        against=("empty",) if which == "large" else (),
        unit="answers/s",
    )


def _measure(bench: Bench, labels: dict[str, object], arms: list[Arm]) -> None:
    bench.measure(PART, {**labels, "rows": bench.options.rows}, arms)
