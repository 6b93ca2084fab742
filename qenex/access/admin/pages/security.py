"""One's own security: browsers, second factors and recovery codes."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qenex.access import sessions, stepup
from qenex.access.admin.pages.common import Page
from qenex.access.admin.pages.enrol import codes_page
from qenex.access.mfa import enrolment
from qenex.access.models import ApiKey, AuthenticatorApp, Ended, Passkey, StaffSession, TokenFamily
from qenex.access.tokens import families_end
from qenex.kernel import clock

SHOWN = 50


class Security(Page):
    """What can open one's account, and where it is open."""

    template_name = "access/security.html"
    title = gettext_lazy("Your security")
    needs_all = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Everything on one page."""
        user = self.person
        opened = StaffSession.objects.filter(user=user, ended_at__isnull=True).order_by("-last_seen_at")[:SHOWN]
        return self.show(
            {
                "sessions": [each for each in opened if sessions.limit_passed(each, clock.now()) is None],
                "present": self.session.pk,
                "programs": open_families(user).order_by("-pk")[:SHOWN],
                "apps": AuthenticatorApp.objects.filter(user=user, confirmed=True),
                "passkeys": Passkey.objects.filter(user=user).order_by("pk"),
                "codes_left": enrolment.recovery_codes_left(request.user),
                "keys": ApiKey.objects.filter(owner=user, revoked_at=None).order_by("-pk")[:SHOWN],
            }
        )


def open_families(user: User) -> QuerySet[TokenFamily]:
    """The sign-ins of the user's programs that have not ended."""
    return TokenFamily.objects.filter(user=user, ended_at=None, expires_at__gt=clock.now())


class Doing(Page):
    """A button of that page."""

    http_method_names = ["post"]
    needs_all = True

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Does it, and returns."""
        messages.success(request, self.act(**kwargs))
        return redirect(reverse("admin:security"))

    def act(self, **kwargs: Any) -> str:
        """Carries it out; what to say. Raises Http404 for what is not one's own."""
        raise NotImplementedError


class EndSession(Doing):
    """Ends one of one's own sessions."""

    def act(self, **kwargs: UUID) -> str:
        """Calls session_end."""
        mine = StaffSession.objects.filter(user=self.person, ended_at__isnull=True)
        found = mine.filter(pk=kwargs["session_id"]).first()
        if found is None:
            raise Http404
        sessions.session_end(session=found, reason=Ended.BY_USER)
        return _("The session was ended.")


class EndProgram(Doing):
    """Ends one sign-in of a program of one's own."""

    def act(self, **kwargs: UUID) -> str:
        """Calls families_end."""
        found = open_families(self.person).filter(pk=kwargs["family"]).first()
        if found is None:
            raise Http404
        families_end(family=found.pk, reason=str(Ended.BY_USER))
        return _("The sign-in was ended: its tokens are not taken any more.")


class EndOthers(Doing):
    """Signs out everywhere else, programs included."""

    def act(self, **kwargs: Any) -> str:
        """Calls sessions_end_all."""
        count = sessions.sessions_end_all(user=self.request.user, reason=Ended.BY_USER, but=self.session.pk)
        text = ngettext("One other session was ended.", "%(count)d other sessions were ended.", count)
        return text % {"count": count}


class Fresh(Doing):
    """A button that asks for the second factor first; one comes back to the page, and presses it again."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Does it where the second factor is fresh."""
        if not stepup.fresh(request):
            return stepup.ask(request, reverse("admin:security"))
        return super().post(request, **kwargs)


class RemoveFactor(Fresh):
    """Removes an authenticator app or a passkey."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Says why where it is the last one."""
        try:
            return super().post(request, **kwargs)
        except enrolment.LastFactor:
            messages.error(request, _("This is your last second factor: set up another one first."))
            return redirect(reverse("admin:security"))

    def act(self, **kwargs: Any) -> str:
        """Calls factor_remove."""
        model: Any = AuthenticatorApp if kwargs["kind"] == "app" else Passkey
        try:
            factor = model.objects.filter(user=self.person, pk=kwargs["factor"]).first()
        except (ValueError, ValidationError) as error:
            raise Http404 from error
        if factor is None:
            raise Http404
        enrolment.factor_remove(user=self.request.user, factor=factor)
        return _("The second factor was removed.")


class NewCodes(Fresh):
    """Makes recovery codes in the place of the earlier ones."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Shows them, once."""
        if not stepup.fresh(request):
            return stepup.ask(request, reverse("admin:security"))
        return codes_page(self, enrolment.recovery_codes_make(user=request.user))
