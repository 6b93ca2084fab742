"""What of the children's output reaches the console and the log files."""

import io
from pathlib import Path

import pytest

from qenex.embedded.output import Console, pump, summary


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"log.level": "warning", "message": "slow"}', "WARNING slow"),
        ('{"log": {"level": "error"}, "message": "lost", "error": {"message": "no route"}}', "ERROR lost: no route"),
        ('{"log.level": "info", "message": "request_finished"}', None),
        ('{"message": "no level"}', None),
        ("{not json", None),
        ('{"log": "text", "message": "odd"}', None),
        ("[WARNING] Killing worker", "[WARNING] Killing worker"),
        ("2026-11-22 18:00:00,123: ERROR/MainProcess] lost", "2026-11-22 18:00:00,123: ERROR/MainProcess] lost"),
        ("[INFO] Started worker-1", None),
        ("an ERROR in the middle", None),
    ],
)
def test_only_warnings_and_worse_are_shown(line: str, shown: str | None) -> None:
    assert summary(line) == shown


def test_everything_goes_to_the_file_and_the_loud_lines_to_the_console(tmp_path: Path) -> None:
    screen = io.StringIO()
    lines = 'starting 100%\n{"log.level": "error", "message": "lost"}\n'
    pump(io.StringIO(lines), tmp_path / "web.log", "web", Console(screen)).join(5)
    assert (tmp_path / "web.log").read_text() == lines
    assert screen.getvalue() == "web    | ERROR lost\n"


def test_a_verbose_console_shows_every_line(tmp_path: Path) -> None:
    screen = io.StringIO()
    pump(io.StringIO("starting\n"), tmp_path / "beat.log", "beat", Console(screen, everything=True)).join(5)
    assert screen.getvalue() == "beat   | starting\n"


def test_a_closed_console_is_no_reason_to_stop() -> None:
    screen = io.StringIO()
    screen.close()
    Console(screen).say("hello")
    assert screen.closed
