"""Bodies that the wire decodes from their bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.request import Request

from qenex.kernel.views import ContextMixin


class RawBodyMixin(ContextMixin):
    """For views whose POST reads its body as bytes; no parser touches it."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Keeps the body's bytes before anybody reads the stream away."""
        if request.method == "POST":
            _ = request._request.body
        super().initial(request, *args, **kwargs)

    @staticmethod
    def parts(request: Request) -> tuple[str, Mapping[str, Sequence[str]], bytes]:
        """The content type, the query and the body, as the wire takes them."""
        http = request._request
        return http.META.get("CONTENT_TYPE", ""), dict(http.GET.lists()), http.body
