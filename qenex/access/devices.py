"""Browsers that a user has signed in with before: they hold a signed cookie, and strangers' failures are not theirs."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from qenex.kernel.ids import uuid7

COOKIE = "qenex_browser"
_SALT = "qenex.access.devices"
LASTS = timedelta(days=90)


def known(request: HttpRequest, username: str) -> str:
    """The id of the browser where this user has signed in with it, else nothing."""
    try:
        names, device = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=LASTS)
    except (signing.BadSignature, TypeError, ValueError):
        return ""
    return str(device) if _mark(username) in names else ""


def remember(request: HttpRequest, response: HttpResponse, user: Any) -> None:
    """Gives the browser the cookie. It opens nothing, and keeps no names."""
    names, device = _present(request)
    mark = _mark(user.get_username())
    names = [mark, *(each for each in names if each != mark)][:5]
    response.set_cookie(
        COOKIE,
        signing.dumps((names, device), salt=_SALT),
        max_age=LASTS,
        path="/admin/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _present(request: HttpRequest) -> tuple[list[str], str]:
    try:
        names, device = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=LASTS)
    except (signing.BadSignature, TypeError, ValueError):
        return [], uuid7().hex
    return list(names), str(device)


def _mark(username: str) -> str:
    return salted_hmac(_SALT, username, algorithm="sha256").hexdigest()[:24]
