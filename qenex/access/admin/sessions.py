"""Everybody's sessions, and the failures of those who have none."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access import lockout, sessions
from qenex.access.admin.pages.command import CommandPage
from qenex.access.admin.pages.persons import EndSession
from qenex.access.models import Failures, StaffSession
from qenex.admin import KeysetAdmin, ViewOnlyAdmin
from qenex.adminfilters import exact
from qenex.kernel import clock


@admin.register(StaffSession)
class StaffSessionAdmin(KeysetAdmin[StaffSession], ViewOnlyAdmin[StaffSession]):
    """Who is signed in, from where, since when; the open ones can be ended."""

    keyset = ("-created_at", "-id")
    list_display = ("created_at", "user", "address", "state", "last_seen_at", "end")
    list_filter = (exact("address", gettext_lazy("address")),)
    fields = (
        *("user", "address", "user_agent", "created_at", "last_seen_at", "verified_at", "verified_by"),
        *("stepped_up_at", "state", "ended_at", "ended_reason"),
    )
    list_select_related = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffSession]:
        """As they are now: whoever has just ended one wants to see that."""
        return super().get_queryset(request).using("default")

    def get_urls(self) -> list[URLPattern]:
        """The page that ends one."""
        end = self.admin_site.admin_view(EndSession.as_view())
        return [path("<uuid:object_id>/end/", end, name="access_staffsession_end"), *super().get_urls()]

    @admin.display(description=gettext_lazy("state"))
    def state(self, session: StaffSession) -> str:
        """Open, half open, or how it ended."""
        if session.ended_at is not None:
            return session.get_ended_reason_display()
        passed = sessions.limit_passed(session, clock.now())
        if passed is not None:
            return str(passed.label)
        return _("open") if session.verified_at is not None else _("without a second factor")

    @admin.display(description="")
    def end(self, session: StaffSession) -> SafeString | str:
        """The way to the page that ends it."""
        if session.ended_at is not None or sessions.limit_passed(session, clock.now()) is not None:
            return ""
        url = reverse("admin:access_staffsession_end", args=[session.pk])
        return format_html('<a href="{}">{}</a>', url, _("End"))


class LiftLockout(CommandPage):
    """Forgets failures, so that nobody is locked out by them."""

    permission = "access.lift_failures"
    title = gettext_lazy("Forget the failures")
    submit = gettext_lazy("Forget the failures")
    subject: Failures

    def find(self, **kwargs: Any) -> Failures:
        """The row."""
        found: Failures | None = Failures.objects.filter(pk=kwargs["object_id"]).first()
        if found is None:
            raise Http404
        return found

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls lockout_lift."""
        lockout.lockout_lift(rows=Failures.objects.filter(pk=self.subject.pk))
        return _("The failures were forgotten.")

    def back(self) -> str:
        """The list."""
        return reverse("admin:access_failures_changelist")


@admin.register(Failures)
class FailuresAdmin(ViewOnlyAdmin[Failures]):
    """Failures of the last half hour."""

    list_display = ("attempt_time", "username", "ip_address", "browser", "failures_since_start", "locked", "lift")
    list_display_links = None
    ordering = ("-attempt_time",)
    fields = ("attempt_time", "username", "ip_address", "browser", "failures_since_start", "locked")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Failures]:
        """What counts now."""
        since = clock.now() - lockout.COOL_OFF
        return super().get_queryset(request).using("default").filter(attempt_time__gt=since)

    def get_urls(self) -> list[URLPattern]:
        """The page that forgets them."""
        lift = self.admin_site.admin_view(LiftLockout.as_view())
        return [path("<int:object_id>/lift/", lift, name="access_failures_lift"), *super().get_urls()]

    @admin.display(description=gettext_lazy("browser"))
    def browser(self, row: Failures) -> str:
        """Whether it is a browser that the user has signed in with."""
        return _("known") if row.user_agent else _("any")

    @admin.display(description=gettext_lazy("locks"), boolean=True)
    def locked(self, row: Failures) -> bool:
        """Whether these alone lock."""
        return bool(row.failures_since_start >= lockout.LIMIT)

    @admin.display(description="")
    def lift(self, row: Failures) -> SafeString:
        """The way to the page that forgets them."""
        return format_html('<a href="{}">{}</a>', reverse("admin:access_failures_lift", args=[row.pk]), _("Forget"))
