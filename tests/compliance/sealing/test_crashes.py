"""kill -9 of the sealer at every step, and of whoever leads: no gap, no duplicate, no second history."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from compliance.models import Checkpoint
from compliance.sealing import guard, keys, reading
from compliance.trail import checkpoint, note
from compliance.trail.merkle import root
from qenex.embedded.guard import PROJECT
from qenex.kernel.models import Event
from tests.compliance.sealing.dying import POINTS
from tests.support import scratch
from tests.support.trail import emit, leaf_data, seal, sealed, settle

PATIENCE = 60
SOON = 1.0 * max(1.0, 2 * os.getloadavg()[0])
"""Seconds: one on a machine that has nothing else to do."""


def start(name: str, *arguments: str) -> "subprocess.Popen[str]":
    """Another process in the same database, with the same file outside."""
    environment = os.environ | scratch.urls(name) | {"QENEX_TRAIL_DIR": str(settings.TRAIL_DIR)}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def one_history() -> None:
    """Every event has one place, every checkpoint is signed over a beginning of the same tree."""
    ids = sealed()
    assert len(set(ids)) == len(ids)
    data = leaf_data(ids)
    [vkey] = keys.vkeys()
    for made in Checkpoint.objects.order_by("size"):
        assert note.verify(made.note, vkey)
        told = checkpoint.parse(note.parse(made.note).text)
        assert (told.size, told.root) == (made.size, root(data[: made.size]))
    kept = guard.read()
    assert kept is not None
    assert bytes.fromhex(kept.root) == root(data[: kept.size])


def test_a_sealer_that_dies_at_any_step_is_followed_by_one_that_goes_on(trail: str) -> None:
    emit(300)
    seal()

    process = start(trail, "-m", "tests.compliance.sealing.dying")
    assert process.stdin is not None
    assert process.stdout is not None
    for number, point in enumerate(POINTS):
        emit(260 if number % 2 else 3)
        settle()
        process.stdin.write(f"{point}\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"{-signal.SIGKILL}\n", point
        if number % 4 == 3:
            seal()
            one_history()
    output, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (0, "")
    seal()
    assert len(sealed()) == Event.objects.count()
    one_history()


@contextmanager
def sealers(name: str, count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """So many sealers that go on until they are told to stop."""
    started = [start(name, "manage.py", "seal") for _ in range(count)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def covered(since: float) -> float:
    """Waits until a checkpoint covers every event; how long that took."""
    while True:
        last = reading.latest(using="default")
        if last is not None and last.size == Event.objects.count():
            return time.monotonic() - since
        assert time.monotonic() - since < PATIENCE, "nobody goes on"
        time.sleep(0.02)


def test_of_several_sealers_another_goes_on_at_once_when_one_is_killed(trail: str) -> None:
    with sealers(trail, 3) as running:
        for number in range(3):
            for _ in range(20):
                emit(1 + number)
            covered(time.monotonic())
            emit(500)
            if number < 2:
                running[number].kill()
                running[number].wait()
                settle()
                assert covered(time.monotonic()) < SOON
        asked = time.monotonic()
        running[2].send_signal(signal.SIGTERM)
        output, _ = running[2].communicate(timeout=PATIENCE)
        assert (running[2].returncode, output) == (0, "")
        assert time.monotonic() - asked < SOON
    seal()
    one_history()
