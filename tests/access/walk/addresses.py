"""Every address there is, found in the routes themselves: what somebody adds is walked without being named here."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from qenex.kernel.routes import METHODS

ACTION = "ACTION"
"""Instead of a method: an action of an admin list."""
READ_AGAIN = re.compile(r"(.*_(changelist|history)|index|app_list|password_change_done|view_on_site)$")
"""Names of Django's own views that answer a POST as they do a GET. What a list does to its rows are its actions."""
_CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>[^)]*\)")


class Address(NamedTuple):
    """One thing that can be asked for."""

    method: str
    route: str
    """As it is declared, such as `admin/ledger/book/<path:object_id>/change/`; for an action the list and its name."""

    @property
    def writes(self) -> bool:
        """Whether it is there to change something."""
        return self.method != "GET"

    @property
    def names(self) -> list[str]:
        """The parameters of the route."""
        return _CONVERTED.findall(self.route)


def addresses() -> list[Address]:
    """All of them, in the order of their routes."""
    found = {Address(method, route) for route, pattern in _views() for method in _methods(route, pattern)}
    return sorted(found | set(_actions()), key=lambda each: (each.route, each.method))


def _views(
    patterns: Sequence[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + _plain(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, route)
        else:
            yield route, pattern


def _plain(route: str) -> str:
    """A regular expression as a route."""
    return _GROUP.sub(r"<\1>", route.removeprefix("^").removesuffix("$"))


def _methods(route: str, pattern: URLPattern) -> list[str]:
    """An API view names its methods; any other is asked to show and to change."""
    view: Any = getattr(pattern.callback, "cls", None)
    if view is not None:
        return [method.upper() for method in METHODS if hasattr(view, method)]
    # Nameless are the admin's redirects from older addresses.
    once = pattern.name is None or READ_AGAIN.match(pattern.name)
    return ["GET"] if once else ["GET", "POST"]


def _actions() -> Iterator[Address]:
    """The actions that the lists offer to somebody who may do everything."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    for model, model_admin in admin.site._registry.items():
        for name in model_admin.get_actions(request):
            yield Address(ACTION, f"admin/{model._meta.app_label}/{model._meta.model_name}/ {name}")
