"""The fast path serves nobody whom Django's middleware would send away."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from ledger.api.hot.admission import admitted


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    admitted.cache_clear()
    yield
    admitted.cache_clear()


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
