"""The personal data of an event, for who may look at it and says why."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from compliance.privacy.admin.pages import CaseForm
from compliance.privacy.reading import REVEAL, event_reveal
from qenex.access.admin.pages.command import CommandPage
from qenex.kernel import scope
from qenex.kernel.context import because
from qenex.kernel.models import Event


class RevealEvent(CommandPage):
    """Shows the personal data of an event to who may, once a reason was given; it is told in the log."""

    permission = REVEAL
    title = gettext_lazy("Personal data of an event")
    submit = gettext_lazy("Show it")
    intro = gettext_lazy("That you look at it, and why, is kept in the event log.")
    form_class = CaseForm
    subject: Event

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may."""
        if not admin.site.has_permission(request):
            return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))
        return super().dispatch(request, *args, **kwargs)

    def find(self, **kwargs: Any) -> Event:
        """The event, where it is in reach."""
        return get_object_or_404(scope.narrowed(Event.objects.all()), pk=kwargs["event_id"])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Calls event_reveal, and shows what it found."""
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        with because(form.cleaned_data["reason"]):
            shown = event_reveal(event=self.subject)
        response = self.show(form)
        assert isinstance(response, TemplateResponse)
        assert response.context_data is not None
        response.template_name = "compliance/personal.html"
        values = [(place, _value(shown.body, place), place in shown.erased) for place in shown.places]
        response.context_data |= {"values": values}
        response["Cache-Control"] = "no-store"
        return response

    def back(self) -> str:
        """The event."""
        return reverse("admin:kernel_event_change", args=[self.subject.pk])


def _value(body: dict[str, Any], place: str) -> str:
    part, _, name = place.partition(".")
    value = body[part][name]
    return f"{value['before']} → {value['after']}" if part == "changes" else str(value)
