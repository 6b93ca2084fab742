"""Erasures and exports in the back office, and the personal data of an event."""

import io
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.models import Erasure, Ground
from compliance.privacy.admin.holds import subject_of
from compliance.privacy.admin.pages import CASE, PrivacyAdmin, PrivacyPage
from compliance.privacy.erasing import subject_erase
from compliance.privacy.errors import PrivacyError
from compliance.privacy.exporting import subject_export
from compliance.privacy.reading import REVEAL, event_reveal
from qenex.access.admin.pages.command import CommandPage, ReasonForm
from qenex.adminfilters import days, exact
from qenex.kernel import scope
from qenex.kernel.context import because
from qenex.kernel.models import Event

LIST = "admin:compliance_erasure_changelist"
GROUNDS = [each for each in Ground if each not in (Ground.RETENTION, Ground.RESTORED)]
"""What a person may choose."""


class WaitingFilter(admin.SimpleListFilter):
    """Whether an erasure was done."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The states."""
        return [("waiting", gettext_lazy("Waiting")), ("done", gettext_lazy("Done"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Erasure]) -> QuerySet[Erasure]:
        """The erasures in the state."""
        wanted = {"waiting": Q(done_at=None), "done": Q(done_at__isnull=False)}
        return queryset.filter(wanted.get(self.value() or "", Q()))


class EraseForm(forms.Form):
    """Whose data, and on what ground; no words, for these could name the person in the log."""

    person = forms.CharField(
        label=gettext_lazy("Whose data"),
        max_length=150,
        help_text=gettext_lazy("A login name, or a subject such as auth.user:7."),
    )
    reason = forms.ChoiceField(label=gettext_lazy("Ground"), choices=[(each.value, each.label) for each in GROUNDS])


class EraseSomebody(PrivacyPage):
    """Asks for somebody to be erased; a second person does it."""

    permission = "compliance.erase_subject"
    title = gettext_lazy("Erase somebody's personal data")
    submit = gettext_lazy("Ask for it")
    intro = gettext_lazy(
        "A second person must approve it. Then the person's keys are destroyed, names and addresses are blanked and "
        "whatever is open ends. It cannot be undone. What the person did stays, under the login name."
    )
    danger = True
    form_class = EraseForm

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls subject_erase, which asks for a second person."""
        subject_erase(subject=subject_of(data["person"]), reason=data["reason"])
        return _("The data was erased.")

    def back(self) -> str:
        """The list."""
        return reverse(LIST)


class ExportForm(ReasonForm):
    """Whose data, and why."""

    field_order = ("person", "reason")
    person = forms.CharField(
        label=gettext_lazy("Whose data"),
        max_length=150,
        help_text=gettext_lazy("A login name, or a subject such as auth.user:7."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = CASE


class ExportSomebody(PrivacyPage):
    """Gives everything that is held about somebody, as a file for that person."""

    permission = "compliance.export_subject"
    title = gettext_lazy("Export what is held about somebody")
    submit = gettext_lazy("Export")
    intro = gettext_lazy("A JSON file for the person it is about (GDPR Art. 15 and 20). What is others' is withheld.")
    form_class = ExportForm

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Calls subject_export, and sends the file."""
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        to = io.StringIO()
        try:
            with because(form.cleaned_data["reason"]):
                subject_export(subject=subject_of(form.cleaned_data["person"]), to=to)
        except PrivacyError as error:
            form.add_error(None, capfirst(str(error)))
            return self.show(form)
        headers = {"Content-Disposition": 'attachment; filename="personal-data.json"', "Cache-Control": "no-store"}
        return HttpResponse(to.getvalue(), "application/json", headers=headers)

    def back(self) -> str:
        """The list."""
        return reverse(LIST)


class RevealEvent(CommandPage):
    """Shows the personal data of an event to who may, once a reason was given; it is told in the log."""

    permission = REVEAL
    title = gettext_lazy("Personal data of an event")
    submit = gettext_lazy("Show it")
    intro = gettext_lazy("That you look at it, and why, is kept in the event log.")
    subject: Event

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may."""
        if not admin.site.has_permission(request):
            return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))
        return super().dispatch(request, *args, **kwargs)

    def find(self, **kwargs: Any) -> Event:
        """The event, where it is in reach."""
        return get_object_or_404(scope.narrowed(Event.objects.all()), pk=kwargs["event_id"])

    def form(self, data: Any = None) -> forms.Form:
        """The reason."""
        form = ReasonForm(data)
        form.fields["reason"].help_text = CASE
        return form

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


@admin.register(Erasure)
class ErasureAdmin(PrivacyAdmin[Erasure]):
    """What was erased, and what waits for a second person; whose data it is, is known while it waits."""

    keyset = ("-asked_at", "-id")
    change_list_template = "compliance/erasures.html"
    list_display = ("id", "asked_at", "ground", "whose", "asked_by", "done_by", "done_at", "keys")
    list_filter = (
        WaitingFilter,
        exact("id", gettext_lazy("erasure")),
        exact("subject", gettext_lazy("whose data")),
        days("asked_at", gettext_lazy("day"), gettext_lazy("From"), gettext_lazy("To")),
    )
    list_select_related = ("asked_by", "done_by")
    fields = ("id", "ground", "whose", "asked_by", "asked_at", "done_by", "done_at", "keys")

    def get_urls(self) -> list[URLPattern]:
        """The page that exports."""
        export = self.admin_site.admin_view(ExportSomebody.as_view())
        return [path("export/", export, name="compliance_erasure_export"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may ask for one."""
        return request.user.has_perm(EraseSomebody.permission) and scope.books() is None

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]  # a page of ours
        """The page on which one is asked for."""
        return EraseSomebody.as_view()(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the way to exports."""
        may = request.user.has_perm(ExportSomebody.permission)
        return super().changelist_view(request, {"title": _("Erasures"), "may_export": may, **(extra_context or {})})

    @admin.display(description=gettext_lazy("whose data"))
    def whose(self, erasure: Erasure) -> str:
        """The subject, until it is done."""
        return erasure.subject or _("nobody's any more")
