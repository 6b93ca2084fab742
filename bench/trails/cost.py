"""What sealing costs the ledger: the same postings with and without a sealer, in turns."""

from bench import ground
from bench.trails.common import Stage
from bench.trails.sealing import done, lag
from bench.works.base import Outcome
from bench.works.service import ServiceWork

CLIENTS = 4
SHAPES = {1: 150, 100: 6_000, 5_000: 100_000}
"""Transfers of a batch, and how many a client posts in a second or so."""


def run(stage: Stage) -> None:
    """Each size of batches, in a database of its own."""
    for size, pace in SHAPES.items():
        _shape(stage, size, max(size, int(pace * stage.seconds)))


def _shape(stage: Stage, size: int, count: int) -> None:
    without: list[float] = []
    beside: list[float] = []
    lags: list[float] = []
    with stage.own.database(f"cost_{size}") as database:
        works = [
            ServiceWork(database, ground.own(client), max(1, count // size), size, hot=False)
            for client in range(CLIENTS)
        ]
        stage.crew.run(works)  # the first one finds everything cold
        for _ in range(stage.rounds):
            without.append(_rate(stage.crew.run(works)))
            with stage.sealer(database):
                [before] = stage.ask(database, "SELECT count(*) FROM compliance_leaf")
                beside.append(_rate(stage.crew.run(works)))
                stage.covered(database)
                lags.append(1000 * lag(stage, database, before)[1])
        stage.crew.dismiss()
    what = f"ledger, {CLIENTS} clients, batches of {size:,}"
    costs = [100 * (1 - with_ / alone) for with_, alone in zip(beside, without, strict=True)]
    stage.tell("cost", f"{what}, no sealer", "transfers/s", without)
    stage.tell("cost", f"{what}, sealer at work", "transfers/s", beside)
    stage.tell("cost", f"{what}: cost of sealing", "%", costs, "target 10 %")
    stage.tell("cost", f"{what}: lag p99", "ms", lags, "target 1,000")


def _rate(outcomes: list[Outcome]) -> float:
    return done(outcomes) / (max(each.ended for each in outcomes) - min(each.started for each in outcomes))
