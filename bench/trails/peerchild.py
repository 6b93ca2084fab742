"""Runs apart, with the packages of others: writes, trees and proofs; prints figures as JSON."""

import json
import os
import time
from collections.abc import Callable
from statistics import median

import django

django.setup()

from django.core.management import call_command  # noqa: E402  # see above
from django.db import transaction  # noqa: E402  # see above
from pymerkle import InmemoryTree  # noqa: E402  # see above

from bench.trails.peerapp.models import Logged, Plain, Row, Tracked  # noqa: E402  # models need Django
from compliance.sealing.edge import Edge, Fetch  # noqa: E402  # see above
from compliance.trail import merkle, tiles  # noqa: E402  # see above
from qenex.kernel import events  # noqa: E402  # see above

SECONDS = float(os.environ["PEERS_SECONDS"])
TURNS = 5
LEAVES = 1 << 16


def main() -> None:
    """Measures each in turn."""
    call_command("migrate", database="default", run_syncdb=True, verbosity=0)
    works: dict[str, Callable[[int], object]] = {
        "plain": lambda number: _write(Plain, number),
        "event": _with_event,
        "pghistory": lambda number: _write(Tracked, number),
        "auditlog": lambda number: _write(Logged, number),
    }
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(TURNS):
        for name, work in works.items():
            rates[name].append(_rate(work))
    found = {name: median(values) for name, values in rates.items()}
    print(json.dumps(found | _merkle()))


def _write(model: type[Row], number: int) -> None:
    row = model(code=f"c{number}", amount=number, note="n" * 200)
    with transaction.atomic():
        row.save()
    with transaction.atomic():
        row.amount += 1
        row.save()


def _with_event(number: int) -> None:
    row = Plain(code=f"c{number}", amount=number, note="n" * 200)
    with transaction.atomic():
        row.save()
        events.emit("bench.row.made", subject_type="row", subject_id=row.pk, changes={"amount": (None, number)})
    with transaction.atomic():
        row.amount += 1
        row.save()
        events.emit("bench.row.set", subject_type="row", subject_id=row.pk, changes={"amount": (number, number + 1)})


def _rate(work: Callable[[int], object]) -> float:
    """Writes a second: each call writes twice."""
    work(0)
    done, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < SECONDS / TURNS:
        done += 1
        work(done)
    return 2 * done / taken


def _merkle() -> dict[str, float]:
    leaves = [number.to_bytes(8) for number in range(LEAVES)]
    began = time.perf_counter()
    ours = merkle.CompactRange()
    ours.extend(map(merkle.leaf_hash, leaves))
    between = time.perf_counter()
    theirs = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        theirs.append_entry(leaf)
    ended = time.perf_counter()
    if theirs.get_state() != ours.root():
        raise SystemExit("the trees differ")
    fetch = _tiles([merkle.leaf_hash(leaf) for leaf in leaves])
    return {
        "merkle_ours": LEAVES / (between - began),
        "merkle_pymerkle": LEAVES / (ended - between),
        "proof_ours": _milliseconds(lambda: tiles.inclusion_proof(12_345, LEAVES, fetch)),
        "proof_pymerkle": _milliseconds(lambda: theirs.prove_inclusion(12_346, LEAVES)),
    }


def _tiles(hashes: list[bytes]) -> Fetch:
    """The tree's tiles in memory; it is a power of 256, so that all of them are full but the top."""
    _, full = Edge().extended(hashes)
    kept = {(tile.level, tile.index): tile.hashes for tile in full}
    kept[2, 0] = full[-1].root
    return lambda level, index, width: kept[level, index][: 32 * width]


def _milliseconds(work: Callable[[], object]) -> float:
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS / 2 or not done:
        work()
        done += 1
    return 1000 * (time.perf_counter() - began) / done


if __name__ == "__main__":
    main()
