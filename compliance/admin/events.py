"""The browser of events: a line of time, all about one object in order, and for each event its proof."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from compliance import selectors
from compliance.admin import timeline
from compliance.admin.eventform import EventsForm
from compliance.api.receipts import download
from compliance.errors import NoCheckpoint, NotSealed
from ledger.admin.lists import TooSlow, patience
from qenex.admin import KeysetChangeList
from qenex.kernel import scope
from qenex.kernel.admin import ACTOR, EventAdmin
from qenex.kernel.models import Event


class EventChangeList(KeysetChangeList):
    """A page of the events that the form asks for, from the newest or from the oldest."""

    form: EventsForm
    too_slow = False
    days: list[timeline.Day]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The rows that the form lets through; none where it is not valid."""
        self.form = form = EventsForm(request.GET)
        for name in form.fields:
            self.filter_params.pop(name, None)
        rows = super().get_queryset(request, exclude_parameters)
        self.filter_params |= {name: [value] for name, value in form.data.items() if value}
        return form.narrow(rows) if form.is_valid() else rows.none()

    def keyset(self) -> tuple[str, ...]:
        """By time, rising where the oldest come first."""
        order = super().keyset()
        return tuple(name.removeprefix("-") for name in order) if self.form.rising else order

    def get_results(self, request: HttpRequest) -> None:
        """One page with the places of its events. A search without end is given up."""
        try:
            with patience(self.queryset.db):
                super().get_results(request)
        except TooSlow:
            self.too_slow = True
            self.queryset = self.queryset.none()
            super().get_results(request)
        rows: list[Event] = list(self.result_list)
        places = selectors.positions(event.pk for event in rows) if rows else {}
        self.days = list(timeline.days(rows, places, self.form.codes))


admin.site.unregister(Event)


@admin.register(Event)
class TrailEventAdmin(EventAdmin):
    """The kernel's browser, with places in the tree and proofs to take away."""

    change_list_template = "compliance/admin/events.html"
    change_form_template = "compliance/admin/event.html"
    list_filter = ()  # type: ignore[assignment]  # the form has them all

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> Any:
        """What is known of the event: circumstances that it has none of are left out."""
        known = [name for name in ACTOR if obj is not None and self._has(name, obj)]
        return [
            (title, {**options, "fields": known} if options["fields"] == ACTOR else options)
            for title, options in super().get_fieldsets(request, obj)
        ]

    def _has(self, name: str, event: Event) -> bool:
        look = getattr(self, name, None)
        return bool(getattr(event, name) if look is None else look(event))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list class."""
        return EventChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The line of time."""
        return super().changelist_view(request, {"title": _("Events"), **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        """With an event's receipt."""
        receipt = self.admin_site.admin_view(self.receipt)
        return [path("<uuid:object_id>/receipt/", receipt, name="kernel_event_receipt"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The event with its differences, its hash and its proof."""
        event = self.get_object(request, unquote(object_id)) if self.has_view_permission(request) else None
        extra: dict[str, Any] = {}
        if event is not None:
            extra = {"title": event.type, "subtitle": None, "event": event, "place": selectors.place(event)}
            extra["kind"] = timeline.kind_of(event.type)
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """An event has no history: it leads to that of what it is about."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        event = self.get_object(request, unquote(object_id))
        if event is None:
            raise Http404(_("There is no such object."))
        query = {"subject_type": event.subject_type, "subject_id": event.subject_id}
        return redirect(reverse("admin:kernel_event_changelist", query=query))

    @method_decorator(require_GET)
    def receipt(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """The event's receipt as a file; a word on the event's page where it is not sealed yet."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        event = scope.narrowed(Event.objects.using("reader")).filter(pk=object_id).first()
        if event is None:
            raise Http404(_("There is no such object."))
        try:
            return download(selectors.event_receipt(event), f"event-{object_id}")
        except (NotSealed, NoCheckpoint):
            messages.warning(request, _("No signed checkpoint covers it yet. Try again in a moment."))
            return redirect(reverse("admin:kernel_event_change", args=[object_id]))
