"""What a page says where Django would only know that something went wrong."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from qenex.kernel import handlers
from qenex.kernel.transactions import Busy


class BusyMiddleware:
    """A command that found the database busy is no defect: 503, and when to try again. API views answer themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Runs the request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page; none for any other exception."""
        return handlers.busy(request) if isinstance(exception, Busy) else None
