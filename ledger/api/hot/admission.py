"""What Django's middleware would let in: a host that is ours, and TLS where the settings demand it."""

from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from qenex.access import throttling
from qenex.kernel.middleware import client_address


class Sender(NamedTuple):
    """What the head of a request tells of where it comes from."""

    admitted: bool
    """Whether a request with this Host and X-Forwarded-Proto may be served here."""
    address: str | None
    origin: str
    """By what its address is counted."""


class _Request(HttpRequest):
    """As much of a request as Django's own rules look at."""

    def __init__(self, scheme: str, host: str, forwarded_proto: str) -> None:
        super().__init__()
        self._given_scheme = scheme
        self.META = {"HTTP_HOST": host}
        if forwarded_proto:
            self.META["HTTP_X_FORWARDED_PROTO"] = forwarded_proto

    def _get_scheme(self) -> str:
        return self._given_scheme


@lru_cache(maxsize=4_096)
def sender(scheme: str, host: bytes, forwarded_proto: bytes, remote: str, forwarded_for: bytes) -> Sender:
    """Where a request comes from. All requests of a client have the same.

    >>> sender("http", b"elsewhere.example", b"", "192.0.2.1", b"")
    Sender(admitted=False, address='192.0.2.1', origin='192.0.2.1')
    """
    address = client_address(remote, forwarded_for.decode("latin-1"))
    return Sender(_admitted(scheme, host, forwarded_proto), address, throttling.origin(address))


def _admitted(scheme: str, host: bytes, forwarded_proto: bytes) -> bool:
    request = _Request(scheme, host.decode("latin-1"), forwarded_proto.decode("latin-1"))
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return request.is_secure() or not settings.SECURE_SSL_REDIRECT


@lru_cache(maxsize=16)
def scheme(given: str, forwarded_proto: bytes) -> str:
    """http or https, as Django has it: a proxy's word counts where it is trusted."""
    found: str = _Request(given, "", forwarded_proto.decode("latin-1")).scheme or given
    return found
