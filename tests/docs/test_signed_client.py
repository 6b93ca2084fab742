"""The client of the page about API keys, as the other side sees it: what it sends is what it has signed."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple

import pytest

from qenex.access.signatures import DigestInvalid, SignatureError, SignatureInvalid, verify
from tests.docs.pages import ROOT

CLIENT = ROOT / "docs" / "guide" / "examples" / "signed_client.py"
KEY, SECRET = "qk_example", bytes(range(32))
BODY = b'{"amount": "1.00", "note": "f\xc3\xbcr"}'


class Sent(NamedTuple):
    """A request as it came over the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


class Recorder(HTTPServer):
    """Keeps what it gets, and answers an empty object."""

    got: Sent

    @property
    def root(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Takes any of the methods."""

    server: Recorder

    def do_GET(self) -> None:
        """Answers."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.got = Sent(self.command, self.path, self.headers.items(), body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815  # the name that the server looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Recorder]:
    """A server of this test's own."""
    with Recorder(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def send(server: Recorder, method: str, target: str, body: bytes = b"") -> Sent:
    """What arrives when the client is told to send this."""
    words = [method, server.root + target, *([body.decode()] if body else [])]
    environment = {**os.environ, "QENEX_KEY": KEY, "QENEX_SECRET": SECRET.hex()}
    done = subprocess.run(
        [sys.executable, "-I", str(CLIENT), *words], env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("{}\n", "")
    return server.got


def check(server: Recorder, sent: Sent, *required: str) -> str | None:
    """The nonce of a request that is in order."""
    return verify(
        method=sent.method,
        url=server.root + sent.target,
        headers=sent.headers,
        body=sent.body,
        key=lambda key_id: SECRET if key_id == KEY else None,
        algorithms=("hmac-sha256",),
        required=("@method", "@target-uri", "content-digest", *required),
        required_parameters=("created", "nonce", "keyid"),
        max_age=300,
    ).nonce


def test_what_it_posts_is_signed_with_its_type_and_its_idempotency_key(server: Recorder) -> None:
    sent = send(server, "POST", "/api/v1/transfers", BODY)
    assert (sent.method, sent.target, sent.body) == ("POST", "/api/v1/transfers", BODY)
    nonce = check(server, sent, "content-type", "idempotency-key")
    assert nonce != check(server, send(server, "POST", "/api/v1/transfers", BODY), "content-type", "idempotency-key")


def test_what_it_gets_is_signed_with_the_query(server: Recorder) -> None:
    sent = send(server, "GET", "/api/v1/books?code=a%20b&limit=1")
    assert sent.body == b""
    assert check(server, sent)
    with pytest.raises(SignatureInvalid):
        check(server, sent._replace(target="/api/v1/books?code=a%20b&limit=2"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "PUT"}, SignatureInvalid),
        ({"target": "/api/v1/journals"}, SignatureInvalid),
        ({"body": BODY + b" "}, DigestInvalid),
        ({"field": "Content-Type"}, SignatureInvalid),
        ({"field": "Idempotency-Key"}, SignatureInvalid),
    ],
)
def test_nothing_of_it_can_be_changed_on_the_way(
    server: Recorder, change: dict[str, Any], error: type[SignatureError]
) -> None:
    sent = send(server, "POST", "/api/v1/transfers", BODY)
    field = change.pop("field", None)
    headers = [(name, "x" if name.lower() == str(field).lower() else value) for name, value in sent.headers]
    with pytest.raises(error):
        check(server, sent._replace(headers=headers, **change))
