"""What only somebody may do who has shown the second factor a moment ago."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from qenex.access.middleware import session_of
from qenex.access.problems import STEP_UP_REQUIRED
from qenex.kernel import clock
from qenex.kernel.problems import Problem

FRESH = timedelta(minutes=5)


class RequiresStepUp(Problem):
    """For the API: the session must show its second factor again."""

    def __init__(self) -> None:
        super().__init__(STEP_UP_REQUIRED)


def fresh(request: HttpRequest) -> bool:
    """Whether the request's session has shown its second factor within the last five minutes."""
    session = session_of(request)
    if session is None or session.stepped_up_at is None:
        return False
    return clock.now() < session.stepped_up_at + FRESH


def check(request: HttpRequest) -> None:
    """For API views of sessions. Raises RequiresStepUp where the second factor is not fresh."""
    if not fresh(request):
        raise RequiresStepUp


def ask(request: HttpRequest, back: str = "") -> HttpResponseBase:
    """Leads to the page that asks for the second factor and returns here. What was posted is not kept."""
    return redirect(f"{reverse('admin:step_up')}?{urlencode({'next': back or request.get_full_path()})}")


def required(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of admin views, functions and methods alike: a stale session is asked first, then returns."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        request = next(each for each in args if isinstance(each, HttpRequest))
        return view(*args, **kwargs) if fresh(request) else ask(request)

    return guarded


class StepUpMixin:
    """Mixin of class-based admin views."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Asks first where the second factor is not fresh."""
        if not fresh(request):
            return ask(request)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view's
        return response
