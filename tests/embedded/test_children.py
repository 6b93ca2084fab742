"""Supervised processes: restarted with back-off, given up when they keep dying, ended with their descendants."""

import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from qenex.embedded import guard
from qenex.embedded.children import Child, Program, ending
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.output import Console
from tests.embedded.conftest import Run

PARENT_OF_ONE = (
    "import subprocess, sys, time; subprocess.Popen(['sleep', '300']); print('ready', flush=True); time.sleep(300)"
)
DIES = "import os; os.kill(os.getpid(), 9)"
GIVES_UP = "import sys; print('no such module'); sys.exit(3)"


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def child(tmp_path: Path, screen: io.StringIO, request: pytest.FixtureRequest) -> Iterator[Child]:
    program = Program("web", [sys.executable, "-c", request.param], dict(os.environ))
    child = Child(program, tmp_path / "web.log", Console(screen))
    yield child
    if child.group is not None:
        guard.end_groups({child.group}, grace=5)
        assert child.process is not None
        child.process.wait(5)


def wait_for(condition: str, path: Path) -> None:
    deadline = time.monotonic() + 20
    while not (path.exists() and condition in path.read_text()):
        assert time.monotonic() < deadline, f"{condition!r} never appeared in {path}"
        time.sleep(0.05)


def bury(child: Child) -> int:
    deadline = time.monotonic() + 20
    while (group := child.bury()) is None:
        assert time.monotonic() < deadline, "the child does not die"
        time.sleep(0.05)
    return group


@pytest.mark.parametrize("child", [DIES], indirect=True)
def test_a_dead_child_is_started_again_later_each_time_and_given_up_at_last(child: Child, screen: io.StringIO) -> None:
    for wait in ("0.5", "1", "2", "4"):
        child.start()
        bury(child)
        assert screen.getvalue().splitlines()[-1] == (
            f"web    | was killed by signal 9; starting it again in {wait} s (log: {child.log})"
        )
        assert child.due() is False
        child.start_at = 0
        assert child.due() is True
    child.start()
    with pytest.raises(EmbeddedError, match=rf"^web was killed by signal 9 5 times in a row; see {child.log}$"):
        bury(child)


@pytest.mark.parametrize("child", [GIVES_UP], indirect=True)
def test_a_child_that_gives_up_while_starting_is_not_started_again(child: Child) -> None:
    child.start()
    with pytest.raises(EmbeddedError) as caught:
        bury(child)
    assert str(caught.value) == f"web ended with status 3 while starting: no such module (log: {child.log})"


@pytest.mark.parametrize("child", [PARENT_OF_ONE], indirect=True)
def test_the_descendants_of_a_killed_child_end_with_it(child: Child) -> None:
    group = child.start()
    wait_for("ready", child.log)
    [grandchild] = psutil.Process(group).children()
    os.kill(group, signal.SIGKILL)
    assert bury(child) == group
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("child", [PARENT_OF_ONE], indirect=True)
def test_a_living_child_is_left_alone(child: Child) -> None:
    child.start()
    assert child.bury() is None
    assert child.due() is False


def test_a_guard_ends_the_groups_of_a_parent_that_was_killed(var: Path, run: Run) -> None:
    code = (
        "import pathlib, subprocess, sys, time; from qenex.embedded import guard;"
        "g = guard.spawn(pathlib.Path(sys.argv[1])); s = subprocess.Popen(['sleep', '300'], start_new_session=True);"
        "g.stdin.write(f'+{s.pid}\\n'); g.stdin.flush(); print(g.pid, s.pid, flush=True); time.sleep(300)"
    )
    parent = run("-c", code, str(var))
    assert parent.stdout is not None
    watcher, sleeper = (psutil.Process(int(word)) for word in parent.stdout.readline().split())
    parent.kill()
    assert psutil.wait_procs([watcher, sleeper], timeout=20)[1] == []


def test_how_a_process_ended_in_words() -> None:
    assert ending(3) == "ended with status 3"
    assert ending(-9) == "was killed by signal 9"
