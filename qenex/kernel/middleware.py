"""Fills the context of every command from its request: the address, the request's id, and the signed-in user."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address

import structlog
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponse
from msgspec.structs import replace

from qenex.kernel.context import ANONYMOUS, Context, acting, become, current
from qenex.kernel.ids import uuid7_text

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)


class RequestIdMiddleware:
    """Gives each request an id and its client's address, and answers the id in X-Request-ID."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Runs the request under its circumstances."""
        address = client_address(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
        identifier = request_id(request.META.get("HTTP_X_REQUEST_ID"))
        # Whoever reads the header further in, such as the request log, finds the id that was accepted.
        request.META["HTTP_X_REQUEST_ID"] = identifier
        request.__dict__.pop("headers", None)
        with acting(Context(actor=ANONYMOUS, address=address, method=ANONYMOUS, request_id=identifier)):
            response = self.get_response(request)
        response["X-Request-ID"] = identifier
        return response


class ContextMiddleware:
    """Names the user of a session; API views name the user of a token once they have authenticated it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Runs the request as its user. Without a session's cookie no query is made."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            sign_in(request.user, "session", session_id(request))
        return self.get_response(request)


def session_id(request: HttpRequest) -> str | None:
    """What events know the session by that was found for the request; its key is nobody's business."""
    session = getattr(request, "staff_session", None)
    return None if session is None else str(session.pk)


def sign_in(user: AbstractBaseUser | AnonymousUser, method: str, key_id: str | None = None) -> None:
    """Makes the user the actor of what follows in the enclosing request, and of its log lines."""
    if not user.is_authenticated:
        return
    become(signed_in(current(), user, method, key_id))
    structlog.contextvars.bind_contextvars(actor=current().actor)


def signed_in(
    circumstances: Context, user: AbstractBaseUser | AnonymousUser, method: str, key_id: str | None = None
) -> Context:
    """The circumstances with this user as the actor, and what he was known by."""
    named = replace(circumstances, actor_id=user.pk, actor=user.get_username(), method=method, key_id=key_id)
    return replace(named, on_behalf_of=None, memory={})


def request_id(given: str | None) -> str:
    """The client's own id for the request where it is sane, else a new one."""
    return given if given is not None and _REQUEST_ID.fullmatch(given) else uuid7_text()


def client_address(remote: str, forwarded_for: str) -> str | None:
    """The client's address: that of the connection, or what the outermost of TRUSTED_PROXIES saw.

    Each proxy appends the address that it saw to X-Forwarded-For; what stands further left was written by the client.
    """
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    trusted: int = settings.TRUSTED_PROXIES
    if trusted and hops:
        seen = _address(hops[max(len(hops) - trusted, 0)])
        if seen is not None:
            return seen
    return _address(remote)


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def is_loopback(headers: Mapping[str, str]) -> bool:
    """Whether a request's META comes from this machine itself and through no proxy that hides another client."""
    if not settings.TRUSTED_PROXIES and headers.get("HTTP_X_FORWARDED_FOR"):
        return False
    address = client_address(headers.get("REMOTE_ADDR", ""), headers.get("HTTP_X_FORWARDED_FOR", ""))
    return address is not None and ip_address(address).is_loopback
