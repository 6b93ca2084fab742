"""A real web server, as `manage.py up` starts it, on the test database, and a client that speaks in bytes."""

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from qenex.embedded import guard
from qenex.embedded.plan import Plan
from qenex.embedded.tls import Identity

SECONDS = 60


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the wire."""

    raw: bytes

    @property
    def status(self) -> int | None:
        """The status, where there is an answer at all."""
        return int(self.raw.split(b" ", 2)[1]) if self.raw.startswith(b"HTTP/1.") else None

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by their names in small letters."""
        head = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")
        pairs = [line.partition(":") for line in head.split("\r\n")[1:]]
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def body(self) -> bytes:
        """All that follows the head."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def answers(self) -> int:
        """How many answers came on the connection."""
        return self.raw.count(b"HTTP/1.1 ")


@dataclass(frozen=True)
class Web:
    """Where the server listens, and how to talk to it in bytes."""

    port: int
    trust: ssl.SSLContext | None = None

    def connect(self, patience: float = 10) -> socket.socket:
        """A connection, by TLS where the server has a certificate."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=patience)
        return self.trust.wrap_socket(plain, server_hostname="localhost") if self.trust else plain

    def send(self, *parts: bytes, pause: float = 0, patience: float = 10) -> Reply:
        """Sends the parts, and reads until the server has no more to say."""
        with self.connect(patience) as connection:
            received = b""
            try:
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause)
                while piece := connection.recv(65_536):
                    received += piece
            except (TimeoutError, ConnectionError):
                pass
        return Reply(received)

    def get(self, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> Reply:
        """One request that asks to close the connection after it."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *headers]
        return self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(log: Path, identity: Identity | None = None, **environment: str) -> Iterator[Web]:
    """The web server of `manage.py up`, alone, until the end of the block."""
    port = free_port()
    program = Plan(Path(os.environ["QENEX_VAR"]), "127.0.0.1", port, 1, 1, identity).programs()[0]
    whole = {**program.environment, "QENEX_POSTING_PROCESS": "0", **environment}
    whole.pop("PROMETHEUS_MULTIPROC_DIR")
    with log.open("wb") as output:
        server = subprocess.Popen(
            program.command, cwd=guard.PROJECT, env=whole, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _await(server, port, log)
        yield Web(port, identity.client() if identity else None)
    finally:
        server.terminate()
        server.wait(SECONDS)


def _await(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not start: {log.read_text()}")
