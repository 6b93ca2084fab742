"""Sessions of staff at the API: the pages of the back office call it, with both factors shown."""

from typing import Any

from drf_spectacular.authentication import SessionScheme
from rest_framework import authentication
from rest_framework.request import Request

from qenex.access import sessions
from qenex.access.middleware import session_of
from qenex.access.problems import SECOND_FACTOR_REQUIRED
from qenex.kernel.problems import Problem


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session where its browser has shown both factors; the middleware has refused it before otherwise."""

    method = "session"

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """The user. Raises Problem where the second factor is missing, AuthenticationFailed for a wrong CSRF token."""
        found = super().authenticate(request)
        if found is None:
            return None
        session = session_of(request._request)
        if session is None or session.password_due or not sessions.satisfied(session, found[0]):
            raise Problem(SECOND_FACTOR_REQUIRED)
        return found


class StaffSessionScheme(SessionScheme):  # type: ignore[no-untyped-call]  # the package has no types
    """Describes it as what it is, a session's cookie."""

    target_class = SessionAuthentication  # type: ignore[assignment]  # a class will do, too
