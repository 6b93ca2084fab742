"""The headers that every answer carries, whoever gives it: Django, the static files, the fast path or a refusal."""

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

Raw = tuple[bytes, bytes]

# What a browser may do for our pages. Everything else that it offers to pages by default is denied by name; features
# that it knows no more only make it complain.
_ALLOWED = {"clipboard-write", "publickey-credentials-create", "publickey-credentials-get"}
_DENIED = {
    *("accelerometer", "autoplay", "camera", "clipboard-read", "display-capture", "encrypted-media"),
    *("fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone"),
    *("midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "sync-xhr", "usb", "xr-spatial-tracking"),
}

FIXED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{name}=(self)" if name in _ALLOWED else f"{name}=()" for name in sorted(_ALLOWED | _DENIED)
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers with the same value on every answer."""
CACHE = ("Cache-Control", "no-store")
"""For an answer that does not say how it may be kept."""


class HeadersMiddleware:
    """Sets them on whatever comes out of Django; the policy for its content comes from django-csp."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, with its headers."""
        response = self.get_response(request)
        for name, value in FIXED.items():
            response[name] = value
        response.headers.setdefault(*CACHE)
        if request.is_secure() and settings.SECURE_HSTS_SECONDS:
            response["Strict-Transport-Security"] = strict_transport()
        return response


def strict_transport() -> str:
    """The value of Strict-Transport-Security, as the settings want it."""
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS:
        parts.append("includeSubDomains")
    if settings.SECURE_HSTS_PRELOAD:
        parts.append("preload")
    return "; ".join(parts)


def completed(given: Collection[Raw], *, secure: bool) -> list[Raw]:
    """The headers of an answer that may not have passed the middleware, with those that it lacks."""
    present = {name.lower() for name, _ in given}
    return [*given, *(header for header in common(secure=secure) if header[0] not in present)]


def is_secure(scope: Any, *, proxied: bool) -> bool:
    """Whether a request came by TLS: to us, or to a proxy of ours where there is one."""
    if scope["scheme"] == "https":
        return True
    if not proxied:
        return False
    return [value for name, value in scope["headers"] if name == b"x-forwarded-proto"] == [b"https"]


@cache
def common(*, secure: bool) -> Sequence[Raw]:
    """The headers that every answer carries."""
    headers = {**FIXED, CACHE[0]: CACHE[1]}
    if not settings.DEBUG:  # the pages of a defect in development need more, and django-csp leaves them alone
        headers["Content-Security-Policy"] = build_policy()
    if secure and settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = strict_transport()
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
