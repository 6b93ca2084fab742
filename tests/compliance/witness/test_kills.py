"""Whenever a witness is killed, what it has said and what it will say is one history."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from signal import SIGKILL

import pytest

from compliance.trail import note
from compliance.trail.checkpoint import parse
from compliance.witness.errors import Refused
from qenex.embedded.guard import PROJECT
from tests.compliance.witness import dying
from tests.support.witness import Log, Running, witness

LOG, FORK = Log(), Log(fork="not ")


def _killed(base: Path, body: bytes) -> list[dict[str, str | bool]]:
    """What became of a witness that was killed at each step."""
    path = base.with_name("body")
    path.write_bytes(body)
    command = [sys.executable, dying.__file__, str(base), LOG.vkey, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("known", [0, 4])
def test_killed_at_any_step_it_cosigns_one_history(memory: Path, known: int) -> None:
    base = memory / "base"
    ready = witness(base, LOG)
    if known:
        ready.add_checkpoint(LOG.ask(0, known))
    found = _killed(base, LOG.ask(known, 7))
    assert [each["killed"] for each in found] == [True] * (len(found) - 1) + [False]
    assert [bool(each["said"]) for each in found] == [False] * (len(found) - 1) + [True]
    assert len(found) >= 20
    remembered = [_goes_on(Path(str(each["folder"])), known) for each in found]
    # First the old tree, from some step on the new one, and in the end surely.
    assert remembered == sorted(remembered)
    assert (remembered[0], remembered[-1]) == (known, 7)


def _goes_on(folder: Path, known: int) -> int:
    """The size that a witness remembers; it refuses what does not go on from there, and cosigns what does."""
    again = witness(folder, LOG)
    try:
        again.add_checkpoint(LOG.ask(0, 9, proof=[bytes(32)]))
        raise AssertionError("a false proof was taken")
    except Refused as refusal:
        size = int(refusal.body) if refusal.status == 409 else 0
    assert size in (known, 7)
    if size:
        for body in (FORK.ask(size, size), FORK.ask(size, 9), FORK.ask(size, 9, size - 1), LOG.ask(0, 9)):
            with pytest.raises(Refused):
                again.add_checkpoint(body)
    line = again.add_checkpoint(LOG.ask(size, 9))
    assert note.verify_cosignature(LOG.checkpoint(9) + line, again.key.vkey)
    with pytest.raises(Refused):
        again.add_checkpoint(FORK.ask(9, 9))
    return size


def test_killed_again_and_again_between_two_logs_it_sides_with_one(memory: Path) -> None:
    """Two logs under one key ask the real process for different trees while it is killed: one of them wins for good."""
    running = Running(memory, LOG.vkey)
    said: list[tuple[str, str]] = []
    stop = threading.Event()
    threads = [threading.Thread(target=_insist, args=(running, log, said, stop)) for log in (LOG, FORK)]
    running.start()
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            enough = len(said) + 5
            while len(said) < enough and all(thread.is_alive() for thread in threads):
                stop.wait(0.005)
            running.stop(SIGKILL)
            running.start()
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
        running.stop()
    vkey = running.vkey
    assert all(note.verify_cosignature(text + line, vkey) for text, line in said)
    trees = {parse(text.partition("\n\n")[0] + "\n") for text, _ in said}
    assert len({tree.size for tree in trees}) == len(trees) >= 20
    winner = LOG if any(tree.root == LOG.root(tree.size) for tree in trees) else FORK
    assert [tree.size for tree in trees if tree.root != winner.root(tree.size)] == []


def test_killed_alone_the_first_of_its_processes_takes_the_others_with_it(memory: Path) -> None:
    running = Running(memory, LOG.vkey)
    running.start()
    assert running.add(LOG.ask(0, 3)).status == 200
    assert running._process is not None
    running._process.kill()
    running._process.wait(20)
    end = time.monotonic() + 20
    while _answers(running):
        assert time.monotonic() < end
    running.start()
    try:
        assert running.add(LOG.ask(3, 4)).status == 200
    finally:
        running.stop()


def _answers(running: Running) -> bool:
    try:
        return running.ask("GET", "/vkey").status == 200
    except OSError:
        return False


def _insist(running: Running, log: Log, said: list[tuple[str, str]], stop: threading.Event) -> None:
    """Asks for one entry more than what the witness has, whatever that is, as a log without a memory does."""
    size = 0
    while not stop.is_set():
        try:
            answer = running.add(log.ask(size, size + 1))
        except OSError:
            stop.wait(0.02)
            continue
        if answer.status == 200:
            size += 1
            said.append((log.checkpoint(size), answer.body))
        elif answer.status == 409:
            size = int(answer.body)
