"""What Django's middleware would let in: a host that is ours, and TLS where the settings demand it."""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest


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


@lru_cache(maxsize=1_024)
def admitted(scheme: str, host: bytes, forwarded_proto: bytes) -> bool:
    """Whether a request with this Host and X-Forwarded-Proto may be served here.

    >>> admitted("http", b"elsewhere.example", b"")
    False
    """
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
