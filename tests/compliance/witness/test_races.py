"""Many ask at once: of two trees of one size a witness cosigns one, and it never goes back."""

import multiprocessing
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compliance.trail import note
from compliance.witness.errors import Refused
from tests.support.witness import Log, witness

HONEST, FORK = Log(), Log(fork="not ")
SIZES = 12


def _everything(folder: Path, fork: str, vkey: str) -> list[tuple[int, bytes]]:
    """Asks for every step that a log of this size could ask for; the trees that were cosigned, in their order."""
    log, found = Log(fork=fork), []
    asking = witness(folder, log)
    for size in range(1, SIZES + 1):
        for old in range(size):
            try:
                line = asking.add_checkpoint(log.ask(old, size))
            except Refused:
                continue
            assert note.verify_cosignature(log.checkpoint(size) + line, vkey)
            found.append((size, log.root(size)))
    return found


def _check(everybody: list[list[tuple[int, bytes]]]) -> None:
    roots = defaultdict(set)
    for one in everybody:
        # What one has been told only grows.
        assert [size for size, _ in one] == sorted(size for size, _ in one)
        for size, root in one:
            roots[size].add(root)
    assert {size: len(each) for size, each in roots.items()} == dict.fromkeys(roots, 1)
    chosen = {size: root for size, [root] in ((size, list(each)) for size, each in roots.items())}
    assert any(chosen == {size: log.root(size) for size in chosen} for log in (HONEST, FORK))
    assert max(chosen) == SIZES


def test_threads_that_ask_for_two_histories_get_one(memory: Path) -> None:
    vkey = witness(memory, HONEST).key.vkey
    forks = [HONEST.fork, FORK.fork] * 4
    with ThreadPoolExecutor(len(forks)) as pool:
        _check(list(pool.map(lambda fork: _everything(memory, fork, vkey), forks)))


def test_processes_that_ask_for_two_histories_get_one(memory: Path) -> None:
    vkey = witness(memory, HONEST).key.vkey
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        _check(pool.starmap(_everything, [(memory, log.fork, vkey) for log in [HONEST, FORK] * 2]))


def test_one_log_does_not_wait_for_another(memory: Path) -> None:
    other = Log("log.example/other", 2)
    found = witness(memory, HONEST, other)
    done = threading.Event()

    def ask() -> None:
        found.add_checkpoint(other.ask(0, 1))
        done.set()

    with found.states.locked(HONEST.origin):
        thread = threading.Thread(target=ask)
        thread.start()
        assert done.wait(10)
    thread.join()
