"""API views of what is dangerous: people in a session show their second factor again."""

from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from qenex.access import stepup
from qenex.access.api.sessions import SessionAuthentication


class FreshMixin(APIView):
    """A view on which a person in a session must have shown the second factor a moment ago; programs go on as ever."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Everything that is checked before a method runs. Raises RequiresStepUp."""
        super().initial(request, *args, **kwargs)
        if isinstance(request.successful_authenticator, SessionAuthentication):
            stepup.check(request._request)
