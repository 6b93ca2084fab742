"""System checks of the API's routes: none is open by oversight."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error
from django.urls import URLPattern, URLResolver, get_resolver

from qenex.kernel.permissions import RoutePermission, required

METHODS = ("get", "post", "put", "patch", "delete")


def check_routes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E010 to E012: each method of each view names a permission that exists, or the view says that it is public."""
    known = permissions()
    return [error for route, view in api_views(get_resolver().url_patterns) for error in check_view(route, view, known)]


def check_view(route: str, view: type[Any], known: set[str]) -> Iterator[Error]:
    """The errors of one view."""
    if getattr(view, "public", False):
        return
    if not any(_is_route_permission(each) for each in view.permission_classes):
        hint = "Keep RoutePermission, or set `public = True` on the view."
        yield Error(f"{route} checks no permission.", hint=hint, obj=view, id="qenex.E010")
        return
    for method in (method.upper() for method in METHODS if hasattr(view, method)):
        needed = required(view, method)
        if needed is None:
            hint = "Name its permission in `required_permissions`; until then it is refused."
            yield Error(f"{method} {route} declares no permission.", hint=hint, obj=view, id="qenex.E011")
        elif needed not in known:
            yield Error(f"{method} {route} needs {needed}, which no model has.", obj=view, id="qenex.E012")


def permissions() -> set[str]:
    """Every permission that a model defines."""
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename in (
            *(f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions),
            *(codename for codename, _ in model._meta.permissions),
        )
    }


def api_views(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, type[Any]]]:
    """Each API view with its route."""
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from api_views(pattern.url_patterns, route)
            continue
        view: Any = getattr(pattern.callback, "cls", None)
        if hasattr(view, "permission_classes"):
            yield f"/{route}", view


def _is_route_permission(permission: Any) -> bool:
    return isinstance(permission, type) and issubclass(permission, RoutePermission)
