"""django-axes as the watchman of Django's `authenticate`; what counts and what locks is `qenex.access.lockout`'s."""

from typing import Any

from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from qenex.access import devices, lockout
from qenex.access.problems import LOCKED_OUT
from qenex.kernel import context, handlers
from qenex.kernel.problems import Problem


def client_of(request: HttpRequest, credentials: dict[str, Any] | None) -> lockout.Client:
    """Who is trying to sign in with the request."""
    username = str((credentials or {}).get("username") or "")
    return lockout.Client(username, address_of(request), devices.known(request, username))


def address_of(request: HttpRequest) -> str | None:
    """The client's address, as the enclosing request knows it."""
    return context.current().address


class Handler(AbstractAxesHandler, AxesBaseHandler):  # type: ignore[misc]  # the package has no types
    """What django-axes calls."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether no password is looked at."""
        lock = lockout.locked(client_of(request, credentials))
        request.axes_lock = lock  # type: ignore[attr-defined]  # for the answer
        return lock is not None

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Enough to be locked, or none: the counting is done elsewhere."""
        return lockout.LIMIT if self.is_locked(request, credentials) else 0

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        """Counts, unless it was refused without being looked at."""
        if request is None or getattr(request, "axes_locked_out", False):
            return
        lock = lockout.failed(client_of(request, credentials), stage="password")
        if lock is not None:
            request.axes_lock, request.axes_locked_out = lock, True  # type: ignore[attr-defined]  # ours

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """Nothing: failures are forgotten when the second factor was right, too."""

    def user_logged_out(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """Nothing."""

    def post_save_access_attempt(self, instance: Any, **kwargs: Any) -> None:
        """Nothing."""

    def post_delete_access_attempt(self, instance: Any, **kwargs: Any) -> None:
        """Nothing."""


def refuse(request: HttpRequest, lock: lockout.Lock | None = None) -> HttpResponse:
    """The answer to who is locked out: the same for names that exist and names that do not."""
    lock = lock or getattr(request, "axes_lock", None)
    seconds = lock.seconds if lock is not None else int(lockout.COOL_OFF.total_seconds())
    if request.path.startswith(handlers.API):
        return handlers.respond(Problem(LOCKED_OUT, headers={"Retry-After": str(seconds)}))
    minutes = -(-seconds // 60)
    response = render(request, "access/locked_out.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def respond(request: HttpRequest, *args: Any) -> HttpResponse:
    """What django-axes' middleware answers."""
    return refuse(request)
