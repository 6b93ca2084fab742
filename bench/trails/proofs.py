"""Proofs from a large tree, and verification of a whole log."""

import random
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from uuid import UUID

from bench.errors import BenchError
from bench.stats import percentile
from bench.trails.common import Stage, use
from bench.trails.works import insert, write

STEP = 20_000
PROOFS = 300


def run(stage: Stage) -> None:
    """A tree without events for the proofs; a log with events for the verification."""
    proofs(stage)
    verification(stage)


def proofs(stage: Stage) -> None:
    """Inclusion and consistency proofs, read from the database as the API reads them, and verified."""
    from compliance.sealing import reading
    from compliance.trail import merkle, tiles

    with stage.own.database("proofs") as database:
        use(database, stage)
        root = _grow(stage.leaves)
        size, chance = stage.leaves, random.Random(7)
        fetch = reading.fetch
        indexes = [chance.randrange(size) for _ in range(PROOFS)]
        taken = _times([partial(tiles.inclusion_proof, index, size, fetch) for index in indexes])
        for index in indexes[:20]:
            proof = tiles.inclusion_proof(index, size, fetch)
            if not merkle.verify_inclusion(_hash(index), index, size, proof, root):
                raise BenchError(f"the proof of leaf {index} does not hold")
        _tell(stage, f"inclusion proof, {size:,} leaves", taken)
        sizes = [chance.randrange(1, size) for _ in range(PROOFS)]
        taken = _times([partial(tiles.consistency_proof, each, size, fetch) for each in sizes])
        _tell(stage, f"consistency proof, {size:,} leaves", taken)
        use("qenex", stage)


def _tell(stage: Stage, what: str, taken: list[float]) -> None:
    stage.tell("proofs", f"{what}: p50", "ms", [1000 * percentile(taken, 50)], "target 5")
    stage.tell("proofs", f"{what}: p99", "ms", [1000 * percentile(taken, 99)])


def _times(calls: list[Callable[[], object]]) -> list[float]:
    taken = []
    for call in calls:
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return sorted(taken)


def _hash(index: int) -> bytes:
    return sha256(b"\x00" + index.to_bytes(8)).digest()


def _grow(leaves: int) -> bytes:
    """Makes a tree of so many leaves through the sealer's own code; its root."""
    from compliance.sealing import heads, rounds
    from compliance.sealing.rounds import Entry
    from compliance.sealing.turns import turn

    with turn() as present:
        head = heads.load(heads.find(present))
    while head.size < leaves:
        some = range(head.size, min(leaves, head.size + STEP))
        entries = [Entry(UUID(int=number).bytes, number + 1, _hash(number)) for number in some]
        with turn() as present:
            head = rounds.append(present, head, entries)
    return head.edge.root()


def verification(stage: Stage) -> None:
    """Every leaf computed again from its event's stored bytes, and the root from the leaves."""
    from compliance.sealing.sealer import Sealer

    rates = []
    with stage.own.database("verification") as database:
        use(database, stage)
        Sealer().finish()
        write(insert(), stage.events)
        sealer = Sealer()
        sealer.finish()
        assert sealer.head is not None
        wanted, size = sealer.head.edge.root(), sealer.head.size
        for _ in range(stage.rounds):
            began = time.perf_counter()
            if _root_of_events() != wanted:
                raise BenchError("the log is not what was signed")
            rates.append(size / (time.perf_counter() - began))
        use("qenex", stage)
    stage.tell("proofs", f"full verification of {stage.events:,} events", "leaves/s", rates, "target 100,000")


def _root_of_events() -> bytes:
    from compliance.sealing.turns import look
    from compliance.trail.entry import event_leaf
    from compliance.trail.merkle import CompactRange, leaf_hash

    tree = CompactRange()
    query = (
        "SELECT e.transaction, e.body FROM compliance_leaf l JOIN kernel_event e ON e.id = l.event_id"
        " WHERE l.position >= %s AND l.position < %s ORDER BY l.position"
    )
    with look() as present:
        while rows := present.rows(query, tree.size, tree.size + STEP):
            tree.extend(leaf_hash(event_leaf(transaction, body)) for transaction, body in rows)
    return tree.root()
