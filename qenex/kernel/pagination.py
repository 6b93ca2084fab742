"""The pages of API lists."""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.urls import replace_query_param

from qenex.kernel import problems
from qenex.kernel.keyset import Cursor, CursorInvalid, Keyset, Page
from qenex.kernel.problems import Problem

if TYPE_CHECKING:
    from rest_framework.views import APIView

LIMIT_MAX = 1000


class Pages(BasePagination):
    """`{"results": […], "next": url, "previous": url}` in the order of the view's `ordering`, and nothing counted."""

    page: Page[Any]
    url: str

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Any]:
        """The rows of the page that the request asks for. Raises Problem for a cursor that is not ours."""
        keyset = Keyset(tuple(getattr(view, "ordering", ("-id",))))
        self.url = request.build_absolute_uri()
        try:
            text = request.query_params.get("cursor")
            cursor = None if text is None else Cursor.decode(text)
            self.page = keyset.page(queryset, cursor, _limit(request.query_params.get("limit")))
        except CursorInvalid as error:
            raise Problem(problems.CURSOR_INVALID) from error
        return self.page.items

    def get_paginated_response(self, data: Any) -> Response:
        """The answer with its links."""
        return Response(
            {"results": data, "next": self._link(self.page.next), "previous": self._link(self.page.previous)}
        )

    def _link(self, cursor: Cursor | None) -> str | None:
        return None if cursor is None else replace_query_param(self.url, "cursor", cursor.encode())

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The answer's schema."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The query parameters."""
        limit = {"type": "integer", "minimum": 1, "default": api_settings.PAGE_SIZE}
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where to go on: take it from `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": f"How many results to answer; more than {LIMIT_MAX} count as {LIMIT_MAX}.",
                "schema": limit,
            },
        ]


def _limit(text: str | None) -> int:
    if text is None:
        return int(api_settings.PAGE_SIZE or 100)
    if not (text.isascii() and text.isdigit()) or not int(text[:10]):
        raise ValidationError({"limit": "Must be a whole number greater than zero."})
    return min(int(text[:10]), LIMIT_MAX)
