"""What the real server does with bytes that no honest client sends, and what every answer of it carries."""

import itertools

import pytest

from tests.kernel.test_headers import FIXED, policy
from tests.support.web import Reply, Web

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /api/v1/transfers HTTP/1.1\r\n" + HOST
GET = b"GET /livez HTTP/1.1\r\n" + HOST
CLOSE = b"Connection: close\r\n\r\n"


def complete(reply: Reply) -> bool:
    """Whether an answer has the whole set of headers."""
    known = {name: reply.headers.get(name.lower()) for name in FIXED}
    return known == FIXED and policy({"Content-Security-Policy": reply.headers["content-security-policy"]}) != {}


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 4\r\nContent-Length: 6\r\n", b"{}  xx"),
        (b"Content-Length: 2, 2\r\n", b"{}"),
        (b"Content-Length: +2\r\n", b"{}"),
        (b"Content-Length: -2\r\n", b"{}"),
        (b"Content-Length: 0x2\r\n", b"{}"),
        (b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"),
    ],
)
def test_a_body_whose_end_is_not_clear_is_refused_and_ends_the_connection(
    web: Web, framing: bytes, body: bytes
) -> None:
    reply = web.send(POST + framing + b"\r\n" + body + GET + CLOSE, patience=3)
    assert (reply.status, reply.answers) == (400, 1)


def test_a_request_behind_one_with_two_lengths_is_never_served(web: Web) -> None:
    """Chunks win over Content-Length, as RFC 9112 says, and the connection is given up after it."""
    smuggled = POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + CLOSE
    reply = web.send(smuggled, patience=3)
    assert (reply.status, reply.answers) == (401, 1)


@pytest.mark.parametrize("header", [b"X-A: 1\x002", b"X-A: 1\r2", b"X-A: 1\r\n 2", b"X A: 1", b": 1"])
def test_a_header_that_is_not_one_is_refused(web: Web, header: bytes) -> None:
    assert web.send(GET + header + b"\r\n" + CLOSE, patience=3).status == 400


@pytest.mark.parametrize("headers", [b"X-A: " + b"a" * 2_000_000 + b"\r\n", b"X-A: 1\r\n" * 300])
def test_too_many_headers_are_refused(web: Web, headers: bytes) -> None:
    assert web.send(GET + headers + CLOSE, patience=3).status == 431


@pytest.mark.parametrize(("number", "status"), [(98, 200), (99, 431)])
def test_a_hundred_headers_are_enough(web: Web, number: int, status: int) -> None:
    """With Host and Connection."""
    assert web.send(GET + b"X-A: 1\r\n" * number + CLOSE, patience=5).status == status


@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        b"Host: evil.example\r\n",
        HOST + b"Host: evil.example\r\n",
        b"Host: 127.0.0.1@evil.example\r\n",
        b"Host: 127.0.0.1, evil.example\r\n",
    ],
)
def test_a_host_that_is_not_ours_is_refused(web: Web, hosts: bytes) -> None:
    reply = web.send(b"GET /admin/login/ HTTP/1.1\r\n" + hosts + CLOSE, patience=5)
    assert reply.status == 400
    assert b"evil.example" not in reply.raw
    assert complete(reply)


def test_the_host_in_the_address_counts_for_nothing(web: Web) -> None:
    reply = web.send(b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + CLOSE, patience=5)
    assert (reply.status, reply.headers["location"]) == (302, "/admin/")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW", "PROPFIND"])
def test_methods_that_nobody_needs_are_refused(web: Web, method: str) -> None:
    reply = web.get("/admin/login/", "X-Secret: swordfish", method=method)
    assert reply.status == 405
    assert b"swordfish" not in reply.body
    assert complete(reply)


def test_http_2_is_not_spoken(web: Web) -> None:
    reply = web.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", patience=3)
    assert reply.status in (None, 400)
    assert not reply.raw.startswith(b"\0\0")


@pytest.mark.parametrize("given", ["abc def", "a%0d%0aSet-Cookie:x=1", "x" * 65, "é", "a;b", "../etc"])
def test_a_request_id_that_could_be_more_than_one_is_replaced(web: Web, given: str) -> None:
    for path in ("/api/v1/nothing", "/nothing"):
        reply = web.get(path, f"X-Request-ID: {given}")
        assert reply.headers["x-request-id"] != given
        assert len(reply.headers["x-request-id"]) == 36
        assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../qenex/settings.py", "/static/../../etc/passwd", "/static/%2e%2e/%2e%2e/etc/passwd"),
        *("/static/..%2f..%2fetc%2fpasswd", "/static/....//....//etc/passwd", "/static//etc/passwd"),
        *(
            "/static/%00",
            "/static/admin/",
            "/static/",
            "/.git/config",
            "/static/.git/config",
            "/%c0%ae%c0%ae/passwd",
        ),
    ],
)
def test_nothing_but_static_files_is_served(web: Web, path: str) -> None:
    reply = web.get(path)
    assert reply.status == 404
    assert b"root:" not in reply.body
    assert b"SECRET_KEY" not in reply.body
    assert complete(reply)


@pytest.mark.parametrize(("path", "status"), [("/livez", 200), ("/metrics", 200), ("/admin/login/", 200), ("/x", 404)])
def test_every_answer_of_the_real_server_carries_the_headers(web: Web, path: str, status: int) -> None:
    reply = web.get(path)
    assert reply.status == status
    assert complete(reply)
    assert "no-store" in reply.headers["cache-control"]


def test_a_static_file_carries_them_and_may_be_kept(web: Web) -> None:
    reply = web.get("/static/admin/css/base.css")
    assert (reply.status, reply.headers["cache-control"]) == (200, "max-age=60, public")
    assert complete(reply)


def test_a_body_that_is_too_large_is_refused_unread(web: Web) -> None:
    reply = web.get("/api/v1/transfers", f"Content-Length: {16 * 1024**2 + 1}", method="POST")
    assert (reply.status, reply.headers["connection"]) == (413, "close")
    assert b'"code":"too_large"' in reply.body
    assert complete(reply)


def test_a_body_that_grows_too_large_is_cut_off(web: Web) -> None:
    piece = b"100000\r\n" + b" " * 1024**2 + b"\r\n"
    head = POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    reply = web.send(head, *itertools.repeat(piece, 17), b"0\r\n\r\n")
    assert reply.status == 413
    assert b'"code":"too_large"' in reply.body


@pytest.mark.parametrize("path", ["/admin/login/", "/api/v1/transfers", "/nothing"])
def test_a_form_with_a_file_is_not_taken(web: Web, path: str) -> None:
    """There is no upload: the API refuses the media type before it looks, and the admin wants a token first."""
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../x.py"\r\n\r\nimport os\r\n--x--\r\n'
    reply = web.get(
        path, "Content-Type: multipart/form-data; boundary=x", f"Content-Length: {len(part)}", method="POST", body=part
    )
    assert reply.status in (401, 403, 404, 415)


def test_a_stranger_s_site_is_told_of_no_leave(web: Web) -> None:
    asked = ("Origin: https://evil.example", "Access-Control-Request-Method: POST")
    for path in ("/api/v1/transfers", "/admin/", "/static/admin/css/base.css", "/livez"):
        for method in ("OPTIONS", "GET"):
            reply = web.get(path, *asked, method=method)
            assert [name for name in reply.headers if name.startswith("access-control-")] == []
