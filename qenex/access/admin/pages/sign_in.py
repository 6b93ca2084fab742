"""The password, and the way out."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from qenex.access import hashing, sessions
from qenex.access.admin.pages.common import destination, show, with_next
from qenex.access.middleware import before_second_factor, session_of
from qenex.access.models import Ended
from qenex.kernel import context


@method_decorator([never_cache, csrf_protect, sensitive_post_parameters()], name="dispatch")
class SignIn(View):
    """User name and password."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; who has a session goes on."""
        if session_of(request) is not None:
            return redirect(with_next(request, "admin:second_factor"))
        return self._show(AdminAuthenticationForm(request))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Opens a session that is not verified yet."""
        form = AdminAuthenticationForm(request, data=request.POST)
        try:
            valid = form.is_valid()
        except hashing.Overloaded:
            return _overloaded(request)
        if not valid:
            return self._show(form)
        _end(request)
        request.session.flush()  # else Django keeps the key where it is the same user again
        login(request, form.get_user(), "django.contrib.auth.backends.ModelBackend")
        key = request.session.session_key
        assert key is not None
        sessions.session_open(
            user=form.get_user(),
            key=key,
            address=context.current().address,
            user_agent=request.headers.get("User-Agent", ""),
        )
        return redirect(with_next(request, "admin:second_factor"))

    def _show(self, form: Any) -> HttpResponse:
        return show(self.request, "admin/login.html", {"title": _("Sign in"), "form": form})


@before_second_factor
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session, and has the browser forget the pages that it keeps; the known browser stays known."""
    _end(request)
    logout(request)
    response = redirect(reverse("admin:login"))
    response["Clear-Site-Data"] = '"cache"'
    return response


def _end(request: HttpRequest) -> None:
    session = session_of(request)
    if session is not None:
        sessions.session_end(session=session, reason=Ended.SIGNED_OUT)


def _overloaded(request: HttpRequest) -> HttpResponse:
    context = {"title": _("Too many people are signing in"), "back": destination(request)}
    response = show(request, "access/overloaded.html", context, status=503)
    response["Retry-After"] = str(hashing.RETRY_AFTER)
    return response
