"""Tamper alarms: on every page until two people have closed them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.admin.base import TrailAdmin
from compliance.alarms import AlarmError, alarm_close, proposals
from compliance.alarms.closing import PERMISSION
from compliance.models import TamperAlarm
from qenex.access.admin.pages.command import CommandPage
from qenex.access.people import PersonError


class ClosePage(CommandPage):
    """Proposes to close an alarm. Whoever does that cannot confirm it."""

    permission = PERMISSION
    title = gettext_lazy("Propose to close the alarm")
    submit = gettext_lazy("Propose")
    intro = gettext_lazy("Nothing is closed until another person has confirmed it. Say what was found to be the cause.")
    subject: TamperAlarm

    def find(self, **kwargs: Any) -> TamperAlarm:
        """The alarm."""
        return TamperAlarmAdmin(TamperAlarm, admin.site).found(self.request, str(kwargs["object_id"]))

    def carry_out(self, data: dict[str, Any]) -> str:
        """Asks for the second person, always."""
        try:
            alarm_close(alarm=self.subject.pk, explanation=data["reason"])
        except AlarmError as error:
            raise PersonError(str(error)) from None
        raise AssertionError("one person has closed an alarm")

    def back(self) -> str:
        """The alarm."""
        return reverse("admin:compliance_tamperalarm_change", args=[self.subject.pk])


@admin.register(TamperAlarm)
class TamperAlarmAdmin(TrailAdmin[TamperAlarm]):
    """What was found, and who has closed it why."""

    keyset = ("-found_at", "-id")
    list_display = ("found_at", "source", "code", "closed_at", "proposed_by", "closed_by")
    list_select_related = ("proposed_by", "closed_by")
    list_per_page = 50
    change_list_template = "compliance/admin/list.html"
    page_template = "compliance/admin/alarm.html"
    event_subject = "alarm"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TamperAlarm]:
        """As they are now."""
        return super().get_queryset(request).using("default").select_related("proposed_by", "closed_by")

    def get_urls(self) -> list[URLPattern]:
        """With the page on which closing is proposed."""
        close = self.admin_site.admin_view(ClosePage.as_view())
        return [path("<uuid:object_id>/close/", close, name="compliance_tamperalarm_close"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        nothing = _("No alarm was ever raised: the sealer has refused nothing, and no verification found a difference.")
        return super().changelist_view(request, {"title": _("Tamper alarms"), "nothing": nothing})

    def page_title(self, subject: TamperAlarm) -> str:
        """What kind it is."""
        return _("Tamper alarm: %(code)s") % {"code": subject.code}

    def page_context(self, request: HttpRequest, subject: TamperAlarm) -> dict[str, Any]:
        """What was found, what was proposed."""
        return {
            "alarm": subject,
            "proposals": [] if subject.closed_at else proposals(subject.pk),
            "may_close": subject.closed_at is None and request.user.has_perm(PERMISSION),
        }
