"""Verify now: asked for by a button, carried out by a worker, and watched."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError

from compliance import tasks
from compliance.admin.base import TrailAdmin
from compliance.checking import check_fail, check_request
from compliance.models import TrailCheck
from compliance.models.check import OPEN

RUN = "compliance.run_trailcheck"


@admin.register(TrailCheck)
class TrailCheckAdmin(TrailAdmin[TrailCheck]):
    """What was verified, when, for whom, and what was found."""

    keyset = ("-requested_at", "-id")
    list_display = ("requested_at", "requested_by", "state", "finished_at", "leaves", "count")
    list_select_related = ("requested_by",)
    list_per_page = 50
    change_list_template = "compliance/admin/list.html"
    page_template = "compliance/admin/check.html"
    event_subject = "check"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrailCheck]:
        """As they are now: whoever has just asked wants to see that."""
        return super().get_queryset(request).using("default").select_related("requested_by")

    def get_urls(self) -> list[URLPattern]:
        """With the button, and what the page asks while it runs."""
        protected = self.admin_site.admin_view
        return [
            path("start/", protected(self.start), name="compliance_trailcheck_start"),
            path("<path:object_id>/progress/", protected(self.progress), name="compliance_trailcheck_progress"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        nothing = _("The trail was never verified here.")
        return super().changelist_view(request, {"title": _("Verifications"), "nothing": nothing})

    @method_decorator(require_POST)
    def start(self, request: HttpRequest) -> HttpResponse:
        """Asks for a verification and leads to its page; to that of the one under way, where there is one."""
        if not request.user.has_perm(RUN):
            raise PermissionDenied
        check, new = check_request()
        if new:
            self.hand_over(check.pk)
        else:
            messages.info(request, _("A verification is under way already: this is it."))
        return redirect(reverse("admin:compliance_trailcheck_change", args=[check.pk]))

    def hand_over(self, check: UUID) -> None:
        """Gives it to a worker."""
        try:
            tasks.run_trail_check.delay(str(check))
        except OperationalError:
            check_fail(check=check, problem="The queue of the workers cannot be reached.")

    @method_decorator(require_GET)
    def progress(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How far it is."""
        row = self.found(request, object_id)
        said = {"open": row.is_open, "text": told(row), "done": row.done, "total": row.total}
        return JsonResponse(said, headers={"Cache-Control": "no-store"})

    def page_title(self, subject: TrailCheck) -> str:
        """By its time."""
        return _("Verification of %(time)s UTC") % {"time": subject}

    def page_context(self, request: HttpRequest, subject: TrailCheck) -> dict[str, Any]:
        """What it found."""
        report: dict[str, Any] = subject.report or {}
        return {
            "check": subject,
            "told": told(subject),
            "report": report,
            "differences": report.get("differences", []),
            "more": max(0, (subject.count or 0) - len(report.get("differences", []))),
        }

    @admin.display(description=gettext_lazy("events"), empty_value="")
    def leaves(self, row: TrailCheck) -> str | None:
        """How many events it looked at."""
        return f"{row.report['leaves']:,}" if row.report else None


def told(row: TrailCheck) -> str:
    """How far it is, in words."""
    if row.state not in OPEN:
        return str(row.get_state_display())
    if not row.stage:
        return str(row.get_state_display())
    if row.total:
        return _("%(done)s of %(total)s %(what)s") % {
            "done": f"{row.done:,}",
            "total": f"{row.total:,}",
            "what": row.stage,
        }
    return f"{row.done:,} {row.stage}"
