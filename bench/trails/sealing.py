"""How fast events are sealed, and how old they are by then."""

import time
from collections.abc import Sequence

import psutil

from bench.trails.common import Stage, use
from bench.trails.works import EventWork, insert, write
from bench.works.base import Outcome

WRITERS = (1, 4, 16)
SIZE = 50
"""Events of a writer's transaction."""
_LAG = """
WITH signed AS (
    SELECT size, lag(size, 1, 0::bigint) OVER (ORDER BY size) AS before, signed_at FROM compliance_checkpoint)
SELECT percentile_disc(ARRAY[0.5, 0.99, 1])
    WITHIN GROUP (ORDER BY extract(epoch FROM s.signed_at - e.recorded_at)::float8)
FROM signed s JOIN compliance_leaf l ON l.position >= s.before AND l.position < s.size
JOIN kernel_event e ON e.id = l.event_id WHERE l.position >= %s
"""


def run(stage: Stage) -> None:
    """A backlog, then writers at work."""
    backlog(stage)
    for writers in WRITERS:
        beside(stage, writers)


def backlog(stage: Stage) -> None:
    """One sealer, nobody else: events that were there before, and the processor time it takes."""
    from django.db import connection

    from compliance.sealing.sealer import Sealer

    rates, busy = [], []
    for number in range(stage.rounds):
        with stage.own.database(f"backlog_{number}") as database:
            use(database, stage)
            Sealer().finish()
            write(insert(), stage.events)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                backend = psutil.Process(cursor.fetchone()[0])
            server, own, began = _used(backend), time.process_time(), time.perf_counter()
            Sealer().finish()
            taken = time.perf_counter() - began
            rates.append(stage.events / taken)
            busy.append(stage.events / (_used(backend) - server + time.process_time() - own))
            use("qenex", stage)
    stage.tell("sealing", f"a backlog of {stage.events:,} events", "events/s", rates, "target 25,000")
    stage.tell("sealing", "the same by processor time, sealer and its server process", "events/s", busy)


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def beside(stage: Stage, writers: int) -> None:
    """A sealer and writers that write as fast as they can."""
    rates: list[float] = []
    lags: list[Sequence[float]] = []
    with stage.own.database(f"writers_{writers}") as database, stage.sealer(database):
        work = EventWork(database, max(1, stage.events // writers // SIZE), SIZE)
        for _ in range(stage.rounds):
            [size] = stage.ask(database, "SELECT count(*) FROM compliance_leaf")
            outcomes = stage.crew.run([work] * writers)
            ended = stage.covered(database)
            rates.append(done(outcomes) / (ended - min(each.started for each in outcomes)))
            lags.append(lag(stage, database, size))
        stage.crew.dismiss()
    stage.tell("sealing", f"{writers} writers, {SIZE} events a transaction: sealed and signed", "events/s", rates)
    for index, name in enumerate(("p50", "p99")):
        stage.tell("sealing", f"{writers} writers: lag {name}", "ms", [1000 * each[index] for each in lags])


def lag(stage: Stage, database: str, size: int) -> Sequence[float]:
    """Seconds from an event's record to the checkpoint that covers it, from that position on: p50, p99, longest."""
    [found] = stage.ask(database, _LAG, size)
    return list(found)


def done(outcomes: Sequence[Outcome]) -> int:
    """What all clients did together."""
    return sum(each.done for each in outcomes)
