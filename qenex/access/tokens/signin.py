"""Signing a person in by password and second factor: which of them was wrong, nobody learns."""

import time
from importlib import import_module

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest

from qenex.access.tokens.families import Issued, family_start
from qenex.kernel.context import acting, current
from qenex.kernel.middleware import signed_in

METHOD = "password"


class SignInRefused(Exception):
    """The user, the password or the code is not right, or the user may not sign in."""


def sign_in(*, request: HttpRequest, username: str, password: str, code: str) -> Issued:
    """Tokens for whoever has both factors. Raises SignInRefused, after the same time whatever was wrong."""
    started = time.monotonic()
    user = _known(request, username, password, code)
    if user is None:
        time.sleep(max(started + settings.TOKEN_REFUSAL_SECONDS - time.monotonic(), 0))
        raise SignInRefused
    with acting(signed_in(current(), user, METHOD)):
        return family_start(user=user, method=METHOD, user_agent=request.headers.get("User-Agent", ""))


def _known(request: HttpRequest, username: str, password: str, code: str) -> User | None:
    """Failures of either factor count towards the lockout alike."""
    user = authenticate(request, username=username, password=password)
    if user is None:
        return None
    assert isinstance(user, User)
    return user if second_factor(user, code) else None


def second_factor(user: User, code: str) -> bool:
    """Whether the code is one of the user's, and was not used before."""
    return bool(import_module("qenex.access.mfa").verify(user, code))
