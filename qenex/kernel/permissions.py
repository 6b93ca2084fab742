"""Who may call a route: what is not declared is denied."""

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


def required(view: Any, method: str) -> str | None:
    """The permission that a view declares for a method in `required_permissions`; HEAD needs what GET does."""
    declared: dict[str, str] = getattr(view, "required_permissions", {})
    return declared.get("GET" if method == "HEAD" else method)


class RoutePermission(BasePermission):
    """The user holds the permission that the view declares for the method; a method without one is refused."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the request may go on."""
        method = request.method or ""
        if not request.user.is_authenticated:
            return False
        if method == "OPTIONS" or not hasattr(view, method.lower()):
            return True  # the view answers 405
        needed = required(view, method)
        return needed is not None and request.user.has_perm(needed)
