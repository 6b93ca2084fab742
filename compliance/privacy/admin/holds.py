"""Legal holds in the back office."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.models import DataClass, LegalHold
from compliance.models.privacy import EVERYBODY
from compliance.privacy.admin.pages import CaseForm, PersonField, PrivacyAdmin, PrivacyPage
from compliance.privacy.holds import hold_lift, hold_place
from qenex.adminfilters import days, exact
from qenex.kernel import clock, scope

LIST = "admin:compliance_legalhold_changelist"


class StandingFilter(admin.SimpleListFilter):
    """Whether a hold stands."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The states."""
        return [("standing", gettext_lazy("Standing")), ("over", gettext_lazy("Lifted or over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LegalHold]) -> QuerySet[LegalHold]:
        """The holds in the state."""
        standing = Q(lifted_at=None) & (Q(until=None) | Q(until__gt=clock.now()))
        return queryset.filter({"standing": standing, "over": ~standing}.get(self.value() or "", Q()))


def subject_of(text: str) -> str:
    """The subject that somebody has written: a login name, or a subject as the vault names it."""
    text = text.strip()
    user = User.objects.filter(username=text).first()
    return text if user is None else f"auth.user:{user.pk}"


class HoldForm(CaseForm):
    """Whose data, which, until when and why."""

    field_order = ("person", "data_class", "until", "reason")
    person = PersonField(
        help_text=gettext_lazy("A login name, or a subject such as auth.user:7; * for everybody's of one class.")
    )
    data_class = forms.ChoiceField(
        label=gettext_lazy("Which data"),
        required=False,
        choices=[("", gettext_lazy("All of it")), *DataClass.choices],
    )
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The beginning of that day in UTC; none: until two people lift it."),
    )


class PlaceHold(PrivacyPage):
    """Places a hold."""

    permission = "compliance.add_legalhold"
    title = gettext_lazy("Place a legal hold")
    submit = gettext_lazy("Place the hold")
    intro = gettext_lazy(
        "What it is about is neither erased nor goes by the clock until it is over or lifted by two people."
    )
    form_class = HoldForm

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls hold_place."""
        until = data["until"] and datetime.combine(data["until"], time(), UTC)
        name = subject_of(data["person"])
        hold_place(subject=name, data_class=data["data_class"], reason=data["reason"], until=until)
        return _("The hold stands.")

    def back(self) -> str:
        """The list."""
        return reverse(LIST)


class LiftHold(PrivacyPage):
    """Asks for a hold to be lifted; a second person does it."""

    permission = "compliance.lift_legalhold"
    title = gettext_lazy("Lift the legal hold")
    submit = gettext_lazy("Ask for it")
    intro = gettext_lazy("A second person must approve it. What the hold kept may go from then on.")
    danger = True
    form_class = CaseForm
    subject: LegalHold

    def find(self, **kwargs: Any) -> LegalHold:
        """The hold."""
        return get_object_or_404(LegalHold, pk=kwargs["object_id"])

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls hold_lift, which asks for a second person."""
        hold_lift(hold=UUID(str(self.subject.pk)))
        return _("The hold was lifted.")

    def back(self) -> str:
        """The list."""
        return reverse(LIST)


@admin.register(LegalHold)
class LegalHoldAdmin(PrivacyAdmin[LegalHold]):
    """What stays whatever the rules say."""

    keyset = ("-placed_at", "-id")
    change_list_template = "compliance/holds.html"
    list_display = ("placed_at", "whose", "which", "reason", "until", "state", "lift")
    list_filter = (
        StandingFilter,
        exact("subject", gettext_lazy("whose data")),
        exact("reason", gettext_lazy("reason")),
        days("placed_at", gettext_lazy("day"), gettext_lazy("From"), gettext_lazy("To")),
    )
    fields = (
        *("whose", "which", "reason", "until", "state", "placed_by", "placed_at"),
        *("lift_asked_by", "lifted_by", "lifted_at"),
    )

    def get_urls(self) -> list[URLPattern]:
        """The page that lifts one."""
        lift = self.admin_site.admin_view(LiftHold.as_view())
        return [path("<uuid:object_id>/lift/", lift, name="compliance_legalhold_lift"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may place one."""
        return request.user.has_perm(PlaceHold.permission) and scope.books() is None

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]  # a page of ours
        """The page on which one is placed."""
        return PlaceHold.as_view()(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under its own name."""
        nothing = _("Nothing is held: personal data goes when its time has come, or when two people erase it.")
        return super().changelist_view(request, {"title": _("Legal holds"), "nothing": nothing})

    @admin.display(description=gettext_lazy("whose data"), ordering="subject")
    def whose(self, hold: LegalHold) -> str:
        """The subject, in words where there are some."""
        return {EVERYBODY: _("everybody's"), "": _("erased since")}.get(hold.subject, hold.subject)

    @admin.display(description=gettext_lazy("which data"))
    def which(self, hold: LegalHold) -> str:
        """The class."""
        return hold.get_data_class_display() if hold.data_class else _("all of it")

    @admin.display(description=gettext_lazy("state"))
    def state(self, hold: LegalHold) -> str:
        """Whether it stands."""
        if hold.lifted_at is not None:
            return _("lifted")
        return _("over") if hold.until is not None and hold.until <= clock.now() else _("stands")

    @admin.display(description="")
    def lift(self, hold: LegalHold) -> SafeString | str:
        """The way to the page that lifts it."""
        if hold.lifted_at is not None or (hold.until is not None and hold.until <= clock.now()):
            return ""
        return format_html('<a href="{}">{}</a>', reverse("admin:compliance_legalhold_lift", args=[hold.pk]), _("Lift"))
