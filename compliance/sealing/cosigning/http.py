"""A witness behind HTTP (C2SP tlog-witness): on a host, or on a Unix socket of this machine."""

import socket
import ssl
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from compliance.sealing.cosigning.witnesses import Behind, Contradicted, Unavailable
from compliance.trail.text import TextInvalid, number
from compliance.witness import submission

ANSWER_MAX = 64 * 1024
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}


class _Local(HTTPConnection):
    """A connection over a Unix socket."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Connects. Raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class HttpWitness:
    """One witness, and a connection that is kept; for one thread. Redirects are not followed."""

    def __init__(self, url: str, seconds: float) -> None:
        self._parts, self._seconds = urlsplit(url), seconds
        self._kept: HTTPConnection | None = None

    def cosign(self, checkpoint: str, old_size: int, proof: Sequence[bytes]) -> str:
        """See `Witness`."""
        body = submission.encode(old_size, tuple(proof), checkpoint).encode()
        status, text = self._posted(body)
        if status == 200:
            return text
        line = text.partition("\n")[0][:200]
        if status == 409:
            raise self._behind(line)
        if status == 422:
            raise Contradicted(line)
        raise Unavailable(f"it answers {status}: {line}")

    def close(self) -> None:
        """Ends the connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _behind(self, line: str) -> Behind | Unavailable:
        try:
            return Behind(number(line))
        except TextInvalid:
            return Unavailable("it answers 409 without a size")

    def _posted(self, body: bytes) -> tuple[int, str]:
        """Status and text of the answer; asked again at once where a kept connection has been closed meanwhile."""
        reused = self._kept is not None
        try:
            return self._exchange(body)
        except (OSError, HTTPException, UnicodeDecodeError) as error:
            self.close()
            if reused and isinstance(error, ConnectionError):
                return self._posted(body)
            raise Unavailable(f"{type(error).__name__}: {error}") from None

    def _exchange(self, body: bytes) -> tuple[int, str]:
        if self._kept is None:
            self._kept = self._connection()
        prefix = "" if self._parts.scheme == "unix" else self._parts.path.rstrip("/")
        self._kept.request("POST", f"{prefix}/add-checkpoint", body, _TEXT)
        answer = self._kept.getresponse()
        raw = answer.read(ANSWER_MAX + 1)
        if len(raw) > ANSWER_MAX:
            raise HTTPException("its answer does not end")
        if answer.will_close:
            self.close()
        return answer.status, raw.decode()

    def _connection(self) -> HTTPConnection:
        if self._parts.scheme == "unix":
            return _Local(unquote(self._parts.path), self._seconds)
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return HTTPSConnection(host, port, timeout=self._seconds, context=ssl.create_default_context())
        return HTTPConnection(host, port, timeout=self._seconds)
