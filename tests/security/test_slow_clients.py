"""Clients that take their time, to have the server's: each is given up, and others are served meanwhile."""

import time
from collections.abc import Iterator

import pytest

from qenex.embedded.plan import HEADER_MILLISECONDS
from tests.support.web import Web, serving

HEAD = b"POST /api/v1/transfers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def hasty(collected: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A server that waits a second for a body."""
    log = tmp_path_factory.mktemp("hasty") / "log"
    with serving(log, DJANGO_SETTINGS_MODULE="tests.security.hasty") as server:
        yield server


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 10\r\n\r\n12345",
        b"Content-Length: 10\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
    ],
)
def test_a_body_that_does_not_arrive_is_given_up(hasty: Web, framing: bytes) -> None:
    started = time.monotonic()
    reply = hasty.send(HEAD + framing)
    assert (reply.status, reply.headers["connection"]) == (408, "close")
    assert b'"code":"too_slow"' in reply.body
    assert 0.9 < time.monotonic() - started < 5


def test_a_head_that_does_not_end_is_given_up_and_others_are_served_meanwhile(web: Web) -> None:
    started = time.monotonic()
    with web.connect(patience=HEADER_MILLISECONDS / 1000 + 10) as slow:
        slow.sendall(HEAD)
        others = [web.get("/livez").status for _ in range(5)]
        assert others == [200] * 5
        said = slow.recv(100)
    assert said == b"" or said.startswith(b"HTTP/1.1 408")
    assert HEADER_MILLISECONDS / 1000 - 1 < time.monotonic() - started < HEADER_MILLISECONDS / 1000 + 8


def test_a_hundred_idle_connections_stop_nobody(web: Web) -> None:
    idle = [web.connect() for _ in range(100)]
    try:
        assert web.get("/livez").status == 200
    finally:
        for connection in idle:
            connection.close()
