"""One supervised process: in a group of its own, ended with all its descendants, started again with back-off."""

import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from qenex.embedded.errors import EmbeddedError
from qenex.embedded.guard import PROJECT, end_groups
from qenex.embedded.output import Console, pump

DEATHS_MAX = 5
DEATHS_SECONDS = 120.0
BACKOFF_MAX_SECONDS = 30.0
TRIAL_SECONDS = 15.0


@dataclass(frozen=True)
class Program:
    """What to run under which name."""

    name: str
    command: list[str]
    environment: dict[str, str]


@dataclass
class Child:
    """A program, its present process and its recent deaths."""

    program: Program
    log: Path
    console: Console
    process: "subprocess.Popen[str] | None" = None
    output: threading.Thread | None = None
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS_MAX))
    start_at: float = 0.0

    @property
    def group(self) -> int | None:
        """The process group, which is the first process's own number."""
        return self.process.pid if self.process else None

    def start(self) -> int:
        """Start the process; its group."""
        self.start_at = time.monotonic()
        self.process = subprocess.Popen(
            self.program.command,
            env=self.program.environment,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self.process.stdout is not None  # we asked for the pipe
        self.output = pump(self.process.stdout, self.log, self.program.name, self.console)
        return self.process.pid

    def bury(self) -> int | None:
        """When the process has died: end its descendants and set the time of the next start; else None.

        Returns the dead group. Raises EmbeddedError when it has died too often of late, or when it gave up by itself
        in its first moments, which it would do again.
        """
        if self.process is None or self.process.poll() is None:
            return None
        group, status = self.process.pid, self.process.returncode
        end_groups({group}, grace=1.0)
        self.process = None
        now = time.monotonic()
        if status > 0 and not self.deaths and now - self.start_at < TRIAL_SECONDS:
            raise EmbeddedError(f"{self.program.name} {ending(status)} while starting: {self._last_line()}")
        self.deaths.append(now)
        recent = sum(1 for death in self.deaths if now - death < DEATHS_SECONDS)
        if recent >= DEATHS_MAX:
            raise EmbeddedError(f"{self.program.name} {ending(status)} {recent} times in a row; see {self.log}")
        wait = min(0.5 * 2 ** (recent - 1), BACKOFF_MAX_SECONDS)
        self.start_at = now + wait
        self.console.say(f"{ending(status)}; starting it again in {wait:g} s (log: {self.log})", self.program.name)
        return group

    def due(self) -> bool:
        """Whether it is time to start it again."""
        return self.process is None and time.monotonic() >= self.start_at

    def _last_line(self) -> str:
        if self.output is not None:
            self.output.join(2)
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return f"{lines[-1] if lines else 'it said nothing'} (log: {self.log})"


def ending(status: int) -> str:
    """How a process ended, in words."""
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
