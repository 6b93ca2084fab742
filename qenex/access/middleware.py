"""Puts what is known of the browser's session beside the request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from qenex.access import sessions
from qenex.access.models import StaffSession
from qenex.kernel import clock


class StaffSessionMiddleware:
    """Puts the live session into `request.staff_session`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Runs the request. Without a session's cookie no query is made."""
        request.staff_session = None  # type: ignore[attr-defined]  # ours
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            session = _live(request)
            request.staff_session = session  # type: ignore[attr-defined]
            if session is not None:
                sessions.see(session)
        return self.get_response(request)


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
