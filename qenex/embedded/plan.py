"""Which processes make up a running back office."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from qenex.embedded.children import Program
from qenex.embedded.paths import metrics_dir, socket_dir
from qenex.embedded.tls import Identity

HEADER_MILLISECONDS = 10_000
"""For a request's head to arrive; a browser's or a program's needs a thousandth of it."""
CELERY = ("-m", "celery", "--quiet", "--skip-checks", "--app", "qenex.celery:app")
"""Without Django's checks: the sealer, which starts at the same moment, carries them out for all of them."""


@dataclass(frozen=True)
class Plan:
    """Where the web server listens and how many processes share the work."""

    var: Path
    host: str
    port: int
    web_workers: int
    task_workers: int
    tls: Identity | None = None
    witness: bool = False
    """Whether a witness of the audit trail runs beside it, for somebody to see what one does."""

    @property
    def address(self) -> str:
        """The address to type into a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  # compared, not bound
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def page(self) -> str:
        """The same by name where it is this machine: browsers make no passkeys for addresses of numbers."""
        return self.address.replace("//127.0.0.1:", "//localhost:").replace("//[::1]:", "//localhost:")

    def programs(self) -> list[Program]:
        """The web server, the task worker and its clock, and what seals the event log."""
        return [
            self._python("web", self._granian()),
            self._python("worker", self._worker()),
            self._python("beat", self._beat()),
            self._python("sealer", ["manage.py", "seal"]),
            *([self._python("witness", self._witness())] if self.witness else []),
        ]

    @property
    def witness_dir(self) -> Path:
        """The key and the memory of the witness."""
        return self.var / "witness"

    @property
    def witness_address(self) -> str:
        """Where it listens: no port of this machine is taken for it."""
        return f"unix:{socket_dir(self.var) / 'witness.sock'}"

    def _python(self, name: str, arguments: list[str]) -> Program:
        shared = {
            "PYTHONUNBUFFERED": "1",
            "PROMETHEUS_MULTIPROC_DIR": str(metrics_dir(self.var)),
            "PORT": str(self.port),  # passkeys belong to an origin, and the port is a part of it
        }
        secure = {"QENEX_TLS": "1"} if self.tls else {}
        if self.witness:
            shared |= {"QENEX_WITNESSES_FILE": str(self.witness_dir / "client"), "QENEX_WITNESS_QUORUM": "1"}
        inherited = {key: value for key, value in os.environ.items() if key != "PORT_FILE"}
        return Program(name, [sys.executable, *arguments], inherited | shared | secure)

    def _granian(self) -> list[str]:
        listen = ["--host", self.host, "--port", str(self.port), "--workers", str(self.web_workers)]
        kind = ["--interface", "asginl", "--loop", "uvloop"]
        strict = ["--http", "1", "--http1-header-read-timeout", str(HEADER_MILLISECONDS)]
        lasting = ["--respawn-failed-workers", "--workers-kill-timeout", "10"]
        tls = self.tls.options() if self.tls else []
        return ["-m", "granian", *kind, *strict, *lasting, *listen, *tls, "qenex.asgi:application"]

    def _witness(self) -> list[str]:
        return ["-m", "compliance.witness", "run", "--dir", str(self.witness_dir), "--listen", self.witness_address]

    def _worker(self) -> list[str]:
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        return [*CELERY, "worker", "--concurrency", str(self.task_workers), *quiet]

    def _beat(self) -> list[str]:
        return [*CELERY, "beat", "--schedule", str(self.var / "beat-schedule"), "--pidfile", ""]
