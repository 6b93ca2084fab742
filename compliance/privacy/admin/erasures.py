"""Erasures in the back office."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.models import Erasure, Ground
from compliance.privacy.admin.exports import ExportSomebody
from compliance.privacy.admin.holds import subject_of
from compliance.privacy.admin.pages import PersonField, PrivacyAdmin, PrivacyPage
from compliance.privacy.erasing import subject_erase
from qenex.adminfilters import days, exact
from qenex.kernel import scope

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

    person = PersonField()
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
        nothing = _("Nobody was erased, and nobody has asked for it.")
        extra = {"title": _("Erasures"), "may_export": may, "nothing": nothing}
        return super().changelist_view(request, extra)

    @admin.display(description=gettext_lazy("whose data"))
    def whose(self, erasure: Erasure) -> str:
        """The subject, until it is done."""
        return erasure.subject or _("nobody's any more")
