"""The real server with a certificate: TLS 1.3 and nothing else, and cookies and headers to match."""

import socket
import ssl

import pytest

from tests.support.web import Web


def handshake(web: Web, **versions: ssl.TLSVersion) -> tuple[str | None, str]:
    """The protocol and the cipher that are agreed on."""
    assert web.trust is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, version in versions.items():
        setattr(context, name, version)
    with (
        socket.create_connection(("127.0.0.1", web.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        cipher = wrapped.cipher()
        assert cipher is not None
        return wrapped.version(), cipher[0]


def test_1_3_is_spoken_with_its_own_ciphers(secure: Web) -> None:
    version, cipher = handshake(secure)
    assert version == "TLSv1.3"
    assert cipher in ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256")


def test_1_2_is_refused(secure: Web) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        handshake(secure, maximum_version=ssl.TLSVersion.TLSv1_2)


def test_who_speaks_without_tls_gets_no_answer(secure: Web) -> None:
    said = Web(secure.port).get("/livez").raw
    assert b"HTTP" not in said  # at most an alert of TLS
    assert len(said) < 8


def test_a_client_that_does_not_know_the_certificate_goes_away(secure: Web) -> None:
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=10) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("path", ["/livez", "/admin/login/", "/api/v1/nothing", "/static/admin/css/base.css"])
def test_browsers_are_held_to_it_on_every_answer(secure: Web, path: str) -> None:
    assert secure.get(path).headers["strict-transport-security"] == "max-age=31536000"


def test_cookies_are_for_this_host_by_tls_alone(secure: Web) -> None:
    cookie = secure.get("/admin/login/").headers["set-cookie"]
    name, _, attributes = cookie.partition("=")
    assert name == "__Host-csrftoken"
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"} <= set(attributes.split("; "))
    assert "Domain" not in attributes


def test_a_cookie_without_tls_is_for_nobody_s_script(web: Web) -> None:
    cookie = web.get("/admin/login/").headers["set-cookie"]
    assert cookie.startswith("csrftoken=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_answers_before_django_carry_it_too(secure: Web) -> None:
    reply = secure.get("/admin/login/", method="TRACE")
    assert (reply.status, reply.headers["strict-transport-security"]) == (405, "max-age=31536000")
