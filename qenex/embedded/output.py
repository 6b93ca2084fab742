"""What the child processes say: everything into one log file each, only what matters onto the console."""

import json
import logging
import re
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

LOUD = frozenset({"warning", "warn", "error", "critical", "fatal"})
LEADING_LEVEL = re.compile(r"^\W*(?:[\d:,. T-]+\W+)?(WARNING|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE)
FILE_BYTES = 16 * 1024 * 1024
FILE_COPIES = 3


class Console:
    """One readable line at a time, from several threads, each with the name of who says it."""

    def __init__(self, stream: IO[str] | None = None, *, everything: bool = False) -> None:
        self._stream = stream or sys.stdout
        self._everything = everything
        self._lock = threading.Lock()

    def say(self, text: str = "", source: str = "") -> None:
        """Print a line; a console that has gone away is no reason to stop."""
        line = f"{source:<7}| {text}" if source else text
        with self._lock:
            try:
                print(line, file=self._stream, flush=True)
            except (OSError, ValueError):
                return

    def relay(self, line: str, source: str) -> None:
        """Print a child's line when it is a warning or worse."""
        shown = summary(line)
        if shown is not None:
            self.say(shown, source)
        elif self._everything:
            self.say(line, source)


def summary(line: str) -> str | None:
    """A log line as a person wants to read it, or None when it is not worth reading.

    Structured lines are ECS JSON; others count when they begin with a level, perhaps after a date.
    """
    if not line.startswith("{"):
        return line if LEADING_LEVEL.match(line) else None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    level = str(_field(record, "log", "level")).lower()
    if level not in LOUD:
        return None
    reason = _field(record, "error", "message")
    message = record.get("message", "")
    return f"{level.upper()} {message}: {reason}" if reason else f"{level.upper()} {message}"


def _field(record: dict[str, Any], group: str, name: str) -> Any:
    """An ECS field, whether it is written flat or nested."""
    nested = record.get(group)
    return record.get(f"{group}.{name}") or (nested.get(name, "") if isinstance(nested, dict) else "")


def pump(stream: IO[str], path: Path, source: str, console: Console) -> threading.Thread:
    """Copy a child's output to its log file and the console until the child closes it."""
    thread = threading.Thread(target=_copy, args=(stream, path, source, console), name=f"output-{source}", daemon=True)
    thread.start()
    return thread


def _copy(stream: IO[str], path: Path, source: str, console: Console) -> None:
    file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILE_COPIES, encoding="utf-8", delay=True)
    with stream:
        for line in stream:
            text = line.rstrip("\n")
            file.handle(logging.makeLogRecord({"msg": "%s", "args": (text,)}))
            console.relay(text, source)
    file.close()
