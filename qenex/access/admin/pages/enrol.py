"""Setting up a second factor: forced at the first sign-in, and at will later."""

from io import BytesIO
from typing import Any

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access import devices, sessions, stepup
from qenex.access.admin.pages.common import Page, destination, offered, verified, with_next
from qenex.access.mfa import enrolment, passkeys, totp
from qenex.access.models import Method


class Setting(Page):
    """For those without a second factor, and for those who have shown theirs a moment ago."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Asks for the factors that there are before another is added."""
        session = getattr(request, "staff_session", None)
        if session is not None:
            if session.verified_at is None and offered(request.user):
                return redirect(with_next(request, "admin:second_factor"))
            if session.verified_at is not None and not stepup.fresh(request):
                return stepup.ask(request) if sessions.satisfied(session, request.user) else self._again(request)
        return super().dispatch(request, *args, **kwargs)

    def _again(self, request: HttpRequest) -> HttpResponseBase:
        """A session that waited too long on its way to the factor that counts begins again."""
        sessions.session_end(session=request.staff_session, reason=sessions.Ended.IDLE)  # type: ignore[attr-defined]  # ours
        return redirect(with_next(request, "admin:login"))

    def done(self, method: Method) -> HttpResponseBase:
        """The recovery codes where there are none yet, else on."""
        first = not sessions.satisfied(self.session, self.request.user)
        if first:
            verified(self.request, method)
        if enrolment.recovery_codes_left(self.request.user):
            messages.success(self.request, _("The second factor was set up."))
            response: HttpResponse = redirect(destination(self.request) if first else reverse("admin:security"))
        else:
            response = codes_page(self, enrolment.recovery_codes_make(user=self.request.user))
        if first:
            devices.remember(self.request, response, self.request.user)
        return response


def codes_page(page: Page, codes: list[str]) -> HttpResponse:
    """New recovery codes, which no other page will show."""
    page.template_name = "access/recovery_codes.html"
    onward = with_next(page.request, "admin:second_factor") if page.request.GET.get("next") else reverse("admin:index")
    return page.show({"title": _("Recovery codes"), "codes": codes, "onward": onward})


class Enrol(Setting):
    """The choice."""

    template_name = "access/enrol.html"
    title = gettext_lazy("Set up a second factor")

    def get(self, request: HttpRequest) -> HttpResponse:
        """What counts for the user."""
        counted = sessions.methods_of(request.user)
        context = {"totp": Method.TOTP in counted, "options": reverse("admin:passkey_options")}
        return self.show({**context, "first": not sessions.satisfied(self.session, request.user)})

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Makes a secret for an authenticator app."""
        if Method.TOTP not in sessions.methods_of(request.user):
            return redirect(with_next(request, "admin:enrol"))
        enrolment.app_begin(user=request.user)
        return redirect(with_next(request, "admin:enrol_app"))


class EnrolApp(Setting):
    """The QR code of the secret, and the first code of the app."""

    template_name = "access/enrol_app.html"
    title = gettext_lazy("Authenticator app")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The secret, as a picture, as text and as a link."""
        return self._form("")

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Keeps the app where its code is right."""
        code = "".join(request.POST.get("code", "").split())[:16]
        if not enrolment.app_confirm(user=request.user, code=code):
            return self._form(_("That is not the code the app should show now. Is the clock of the device right?"))
        return self.done(Method.TOTP)

    def _form(self, error: str) -> HttpResponseBase:
        app = enrolment.app_pending(self.request.user)
        if app is None:
            return redirect(with_next(self.request, "admin:enrol"))
        text = totp.as_text(app.secret)
        groups = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
        return self.show({"secret": groups, "uri": uri(self.request), "error": error, "app": app.pk})


class QR(Setting):
    """The picture of the secret that is being set up."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """A PNG, kept nowhere."""
        picture = BytesIO()
        segno.make(uri(request), error="m").save(picture, kind="png", scale=6, border=3)
        return HttpResponse(picture.getvalue(), content_type="image/png")


def uri(request: HttpRequest) -> str:
    """The otpauth:// link of the secret that is being set up. Raises Http404 where there is none."""
    app = enrolment.app_pending(request.user)
    if app is None:
        raise Http404
    return totp.uri(app.secret or b"", issuer=enrolment.ISSUER, user=request.user.get_username())


class EnrolPasskey(Setting):
    """The answer of a new passkey."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Keeps the passkey where it signed the challenge."""
        name = request.POST.get("name", "").strip() or _("Passkey")
        try:
            passkeys.register_complete(request, request.POST.get("credential", ""), name=name)
        except passkeys.Refused:
            messages.error(request, _("The passkey could not be set up."))
            return redirect(with_next(request, "admin:enrol"))
        return self.done(Method.PASSKEY)


class Options(Setting):
    """The options of a new passkey."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Options of WebAuthn, for the browser."""
        return JsonResponse(passkeys.register_begin(request))
