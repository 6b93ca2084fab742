"""Bodies that the wire decodes from their bytes."""

from typing import Any

from rest_framework.request import Request

from ledger.api import wire
from qenex.kernel.views import ContextMixin


class RawBodyMixin(ContextMixin):
    """For views whose POST reads its body as bytes; no parser touches it."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Keeps the body's bytes before anybody reads the stream away."""
        if request.method == "POST":
            _ = request._request.body
        super().initial(request, *args, **kwargs)

    @staticmethod
    def body(request: Request, *media_types: str) -> bytes:
        """The body's bytes. Raises Problem (415) for another media type."""
        wire.media_type(request._request.META.get("CONTENT_TYPE"), *media_types)
        return request._request.body
