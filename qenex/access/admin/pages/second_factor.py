"""The second factor: at sign-in, and again before something dangerous."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qenex.access import axes, devices, lockout, mfa, sessions
from qenex.access.admin.pages.common import Page, client_of, destination, offered, verified, with_next
from qenex.access.mfa import enrolment, passkeys
from qenex.access.models import Method


class Asking(Page):
    """Takes a code, or the answer of a passkey."""

    template_name = "access/second_factor.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The form."""
        return self._form("")

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Goes on where the second factor is right; else it is a failure that counts."""
        lock = lockout.locked(client_of(request))
        if lock is not None:
            return axes.refuse(request, lock)
        if request.POST.get("credential") == "":  # nothing was tried, so nothing failed
            return self._form(_("The passkey did not answer. Try again, or use a code."))
        method = self._method(request)
        if method is not None:
            return self.passed(method)
        lock = lockout.failed(client_of(request), stage="second_factor")
        if lock is not None:
            return axes.refuse(request, lock)
        return self._form(_("That was not right. Codes are accepted once, and change every 30 seconds."))

    def passed(self, method: Method) -> HttpResponseBase:
        """What follows."""
        raise NotImplementedError

    def _method(self, request: HttpRequest) -> Method | None:
        answer = request.POST.get("credential", "")
        if not answer:
            allowed = {*offered(request.user), Method.RECOVERY}
            return mfa.check(request.user, request.POST.get("code", "")[:64], allowed=allowed)
        if Method.PASSKEY not in offered(request.user):
            return None
        try:
            passkeys.authenticate_complete(request, answer)
        except passkeys.Refused:
            return None
        return Method.PASSKEY

    def _form(self, error: str) -> HttpResponse:
        kinds = offered(self.request.user)
        context: dict[str, Any] = {"totp": Method.TOTP in kinds, "passkey": Method.PASSKEY in kinds, "error": error}
        return self.show({**context, "begin": reverse("admin:passkey_challenge")})


class SecondFactor(Asking):
    """The second step of signing in, and the crossroads of those before and after it."""

    title = gettext_lazy("Second factor")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Leads on who has nothing to show here."""
        session = getattr(request, "staff_session", None)
        if session is not None:
            if sessions.satisfied(session, request.user):
                due = with_next(request, "admin:password_change")
                return redirect(due if session.password_due else destination(request))
            if session.verified_at is not None or not offered(request.user):
                return redirect(with_next(request, "admin:enrol"))
        return super().dispatch(request, *args, **kwargs)

    def passed(self, method: Method) -> HttpResponseBase:
        """Verifies the session, and remembers the browser."""
        verified(self.request, method)
        target = with_next(self.request, "admin:second_factor")
        if method == Method.RECOVERY:
            left = enrolment.recovery_codes_left(self.request.user)
            text = ngettext("One recovery code is left.", "%(left)d recovery codes are left.", left) % {"left": left}
            advice = _("If you have lost your second factor, set up another one here and remove the lost one.")
            messages.warning(self.request, f"{text} {advice}")
            target = reverse("admin:security")
        response = redirect(target)
        devices.remember(self.request, response, self.request.user)
        return response


class StepUp(Asking):
    """The second factor again; it counts for five minutes."""

    title = gettext_lazy("Confirm it is you")
    needs_all = True

    def passed(self, method: Method) -> HttpResponseBase:
        """Returns to where the user was."""
        sessions.session_step_up(session=self.session, method=method)
        lockout.succeeded(client_of(self.request))
        return redirect(destination(self.request))

    def show(self, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        """The page, with a word on why."""
        return super().show({"step_up": True, **context}, status=status)


class Challenge(Page):
    """The options of a passkey that is to sign."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Options of WebAuthn, for the browser."""
        return JsonResponse(passkeys.authenticate_begin(request))
