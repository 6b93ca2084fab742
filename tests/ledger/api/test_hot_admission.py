"""The fast path serves nobody whom Django's middleware would send away."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from ledger.api.hot.admission import sender


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    sender.cache_clear()
    yield
    sender.cache_clear()


def admitted(scheme: str, host: bytes, forwarded_proto: bytes) -> bool:
    return sender(scheme, host, forwarded_proto, "192.0.2.1", b"").admitted


def test_only_our_hosts(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["qenex.example"]
    assert admitted("http", b"qenex.example", b"")
    assert not admitted("http", b"elsewhere.example", b"")
    assert not admitted("http", b"", b"")


def test_plain_http_where_tls_is_demanded(settings: Settings) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["qenex.example"], True
    assert not admitted("http", b"qenex.example", b"")
    assert admitted("https", b"qenex.example", b"")


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxys_word_counts_where_it_is_trusted(settings: Settings, trusted: bool) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["qenex.example"], True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if trusted else None
    assert admitted("http", b"qenex.example", b"https") is trusted


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "address", "origin"),
    [
        (0, "192.0.2.1", b"198.51.100.7", "192.0.2.1", "192.0.2.1"),
        (1, "192.0.2.1", b"203.0.113.9, 198.51.100.7", "198.51.100.7", "198.51.100.7"),
        (0, "2001:db8::1", b"", "2001:db8::1", "2001:db8::/64"),
        (0, "", b"", None, ""),
    ],
)
def test_the_address_and_by_what_it_is_counted(
    settings: Settings, proxies: int, remote: str, forwarded: bytes, address: str | None, origin: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert sender("http", b"testserver", b"", remote, forwarded)[1:] == (address, origin)
