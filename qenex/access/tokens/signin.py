"""Signing a person in by password and second factor: which of them was wrong, nobody learns."""

import time

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest

from qenex.access import lockout, mfa
from qenex.access.axes import client_of
from qenex.access.models import Person
from qenex.access.tokens.families import Issued, family_start
from qenex.kernel.context import acting, current
from qenex.kernel.middleware import signed_in

METHOD = "password"
WRONG = "The username, the password or the code is wrong, or the user may not sign in."
CHANGE_FIRST = "The password was set by somebody else: change it in the back office first."


class SignInRefused(Exception):
    """The user, the password or the code is not right, or the user may not sign in; the message is for the client."""


def sign_in(*, request: HttpRequest, username: str, password: str, code: str) -> Issued:
    """Tokens for whoever has both factors. Raises SignInRefused, after the same time whatever was wrong."""
    started = time.monotonic()
    user = _known(request, username, password, code)
    if user is None:
        time.sleep(max(started + settings.TOKEN_REFUSAL_SECONDS - time.monotonic(), 0))
        raise SignInRefused(WRONG)
    if Person.objects.filter(user=user, password_due=True).exists():
        raise SignInRefused(CHANGE_FIRST)
    with acting(signed_in(current(), user, METHOD)):
        return family_start(user=user, method=METHOD, user_agent=request.headers.get("User-Agent", ""))


def _known(request: HttpRequest, username: str, password: str, code: str) -> User | None:
    """The user with both factors. Failures of either count towards the lockout alike, and are answered alike."""
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        return None
    if mfa.verify(user, code):
        return user
    lock = lockout.locked(client_of(request, {"username": username}))
    if lock is not None:  # as after a wrong password: the middleware of django-axes answers
        request.axes_lock, request.axes_locked_out = lock, True  # type: ignore[attr-defined]  # ours
    return None
