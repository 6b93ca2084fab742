"""Logs in memory that ask witnesses, and witnesses as processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from signal import SIGKILL, SIGTERM
from socket import socket
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compliance.trail import merkle, note
from compliance.trail.checkpoint import Checkpoint
from compliance.witness import submission
from compliance.witness.cosigner import Cosigner
from compliance.witness.keys import Key
from compliance.witness.logs import Logs
from qenex.embedded.guard import PROJECT

WITNESS = "witness.example/w1"
START_SECONDS = 30.0


class Log:
    """A log of any entries, which may be two-faced: `fork` has other entries under the same key."""

    def __init__(self, origin: str = "log.example/one", seed: int = 1, fork: str = "") -> None:
        self.origin, self.fork = origin, fork
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self._public = self._private.public_key().public_bytes_raw()
        self.vkey = note.vkey(origin, self._public)

    def leaves(self, size: int, common: int = 0) -> list[bytes]:
        """The hashes of the first entries; a fork shares the first `common` of them with the honest log."""
        return [merkle.leaf_hash(f"{'' if at < common else self.fork}{at}".encode()) for at in range(size)]

    def root(self, size: int, common: int = 0) -> bytes:
        """The root of the first entries."""
        return merkle.root_of(self.leaves(size, common))

    def signed(self, text: str) -> str:
        """A text with the log's signature."""
        line = note.signature_line(self.origin, self._public, self._private.sign(text.encode()))
        return note.encode(text, [line])

    def checkpoint(self, size: int, common: int = 0, root: bytes | None = None) -> str:
        """The signed checkpoint of the first entries, or one that claims another root."""
        return self.signed(Checkpoint(self.origin, size, root or self.root(size, common)).encode())

    def ask(self, old: int, size: int, common: int = 0, proof: Sequence[bytes] | None = None) -> bytes:
        """The body that asks for a cosignature."""
        if proof is None:
            proof = merkle.consistency_proof(old, self.leaves(size, common)) if 0 < old <= size else []
        return submission.encode(old, tuple(proof), self.checkpoint(size, common)).encode()


def witness(folder: Path, *logs: Log, name: str = WITNESS) -> Cosigner:
    """A witness in that directory, within this process."""
    path = folder / "key"
    key = Key.load(path) if path.exists() else Key.make(path, name)
    return Cosigner(folder, key, Logs(folder / "logs", [each.vkey for each in logs]))


class Response(NamedTuple):
    """What came back."""

    status: int
    body: str
    type: str


class Running:
    """A witness that answers on a port of this machine."""

    def __init__(self, folder: Path, *vkeys: str, port: int | None = None) -> None:
        self.folder, self.port = folder, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._words = [f"--dir={folder}", f"--name={WITNESS}", *(f"--log={vkey}" for vkey in vkeys)]
        self._process: subprocess.Popen[str] | None = None

    @property
    def vkey(self) -> str:
        """Its public key."""
        return Key.load(self.folder / "key").vkey

    def start(self) -> None:
        """Starts it; it answers when this returns."""
        command = [sys.executable, "-m", "compliance.witness", "run", *self._words, f"--listen=127.0.0.1:{self.port}"]
        pipe = subprocess.DEVNULL
        self._process = subprocess.Popen(command, cwd=PROJECT, stdout=pipe, text=True, start_new_session=True)
        self.wait()

    def wait(self) -> None:
        """Waits until it answers."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and (self._process is None or self._process.poll() is None):
            with suppress(OSError):
                if self.ask("GET", "/vkey").status == 200:
                    return
            time.sleep(0.05)
        raise AssertionError("the witness does not answer")

    def stop(self, number: int = SIGTERM) -> None:
        """Ends it, by SIGKILL all of its processes at once."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            if number == SIGKILL:
                os.killpg(self._process.pid, SIGKILL)
            else:
                self._process.send_signal(number)
        self._process.wait(20)
        self._process = None

    def ask(self, method: str, path: str, body: bytes | None = None) -> Response:
        """A request. Raises OSError where it is not answered."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body)
            found = connection.getresponse()
            return Response(found.status, found.read().decode(), found.headers["content-type"] or "")
        except RemoteDisconnected as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def add(self, body: bytes) -> Response:
        """Asks for a cosignature."""
        return self.ask("POST", "/add-checkpoint", body)


@contextmanager
def running(folder: Path, *vkeys: str) -> Iterator[Running]:
    """A witness that runs within the block."""
    found = Running(folder, *vkeys)
    found.start()
    try:
        yield found
    finally:
        found.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
