"""What the pages of signing in share."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from qenex.access import axes, lockout, sessions
from qenex.access.mfa import enrolment
from qenex.access.middleware import session_of
from qenex.access.models import Method, StaffSession


def destination(request: HttpRequest) -> str:
    """Where the user wanted to go: an address of this site, or the start page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    # Without allowed hosts, only addresses without a host are safe.
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else reverse("admin:index")


def with_next(request: HttpRequest, name: str) -> str:
    """The address of a page that leads on to where the user wanted to go."""
    return f"{reverse(name)}?{urlencode({'next': destination(request)})}"


def offered(user: Any) -> frozenset[Method]:
    """The kinds of second factors that the user is asked for: those that count, else whatever he has."""
    have = enrolment.methods(user)
    return (have & sessions.methods_of(user)) or have


def verified(request: HttpRequest, method: Method) -> None:
    """Makes the session one of both factors, under a new key and with a new CSRF token."""
    session = session_of(request)
    assert session is not None
    request.session.cycle_key()
    rotate_token(request)
    key = request.session.session_key
    assert key is not None
    sessions.session_verify(session=session, method=method, key=key)
    lockout.succeeded(client_of(request))


def client_of(request: HttpRequest) -> lockout.Client:
    """The signed-in user's browser, as the lockout knows it."""
    return axes.client_of(request, {"username": request.user.get_username()})


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class Page(View):
    """A page of somebody who has given the password; `session` is what is known of the browser."""

    session: StaffSession
    template_name: str
    title: Any = ""
    person: User
    needs_all = False
    """Whether both factors must have been shown."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Sends strangers to the sign-in page."""
        session = session_of(request)
        if session is None:
            return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))
        if self.needs_all and not sessions.satisfied(session, request.user):
            return redirect(with_next(request, "admin:second_factor"))
        assert isinstance(request.user, User)
        self.session, self.person = session, request.user
        return super().dispatch(request, *args, **kwargs)

    def show(self, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        """The page."""
        return show(self.request, self.template_name, {"title": self.title, **context}, status=status)


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> TemplateResponse:
    """A page of the site that tells nothing of what is behind it until both factors were shown."""
    session = session_of(request)
    inside = session is not None and sessions.satisfied(session, request.user) and not session.password_due
    if inside:
        frame = admin.site.each_context(request)
    else:
        frame = {"site_title": admin.site.site_title, "site_header": admin.site.site_header, "has_permission": False}
    shared = {**frame, "inside": inside, "next": destination(request)}
    return TemplateResponse(request, template, {**shared, **context}, status=status)
