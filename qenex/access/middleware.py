"""Denies by default: whoever signs in reaches nothing but the way to a second factor until it has been shown."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from qenex.access import sessions
from qenex.access.models import StaffSession
from qenex.access.problems import SECOND_FACTOR_REQUIRED
from qenex.access.tokens.problems import challenge
from qenex.kernel import clock, handlers
from qenex.kernel.problems import Problem

V = TypeVar("V", bound=Callable[..., Any])
_OPEN = "before_second_factor"


def before_second_factor(view: V) -> V:
    """Lets the view be reached with a password alone. Nothing else is."""
    setattr(view, _OPEN, True)
    return view


class StaffSessionMiddleware:
    """Puts the live session into `request.staff_session`, signs out whose session is not, and asks for the factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Runs the request. Without a session's cookie no query is made."""
        request.staff_session = None  # type: ignore[attr-defined]  # ours
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            session = _live(request)
            request.staff_session = session  # type: ignore[attr-defined]  # ours
            if session is None:
                request.session.flush()
                request.user = AnonymousUser()
            else:
                sessions.see(session)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Answers in the view's place while the second factor is missing."""
        session = session_of(request)
        if session is None or getattr(view, _OPEN, False):
            return None
        if sessions.satisfied(session, request.user) and not session.password_due:
            return None
        if request.path.startswith(handlers.API):
            return handlers.respond(Problem(SECOND_FACTOR_REQUIRED, headers=challenge()))
        return redirect(f"{reverse('admin:second_factor')}?{urlencode({'next': request.get_full_path()})}")


def session_of(request: HttpRequest) -> StaffSession | None:
    """The live session of the request, verified or not; none for programs and strangers."""
    return getattr(request, "staff_session", None)


def _live(request: HttpRequest) -> StaffSession | None:
    session = sessions.find(request.session.session_key or "")
    if session is None or session.user_id != request.user.pk:
        return None
    passed = sessions.limit_passed(session, clock.now())
    if passed is not None:
        sessions.session_end(session=session, reason=passed)
        return None
    return session
