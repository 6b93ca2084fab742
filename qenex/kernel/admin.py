"""The browser of the event log."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from qenex.admin import KeysetAdmin, ViewOnlyAdmin
from qenex.adminfilters import days, exact
from qenex.kernel import scope
from qenex.kernel.models import Event

PERSONAL = "event-personal"
"""The name of the page that shows an event's personal data to those who may."""
_NOTHING = "-"
"""An object's own page knows no `empty_value`."""
ACTOR = ("actor_name", "on_behalf_of", "method", "key_id", "address", "request_id", "reason")


@admin.register(Event)
class EventAdmin(KeysetAdmin[Event], ViewOnlyAdmin[Event]):
    """Who did what, when and why, with what it was before and after."""

    keyset = ("-recorded_at", "-id")
    list_display = ("recorded_at", "type", "subject", "actor", "book_id")
    list_filter = (
        exact("type", _("type")),
        exact("subject_id", _("subject")),
        exact("actor", _("actor")),
        exact("book_id", _("book")),
        days("recorded_at", _("day"), _("From"), _("To")),
    )
    fieldsets = (
        (None, {"fields": ("id", "recorded_at", "type", "version", "subject", "book_id", "changes")}),
        (_("Circumstances"), {"fields": ACTOR}),
        (_("Contents"), {"fields": ("data",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """The events of the books in reach."""
        return scope.narrowed(super().get_queryset(request))

    @admin.display(description=_("subject"))
    def subject(self, event: Event) -> str:
        """What it is about."""
        return f"{event.subject_type} {event.subject_id}"

    @admin.display(description=_("changes"))
    def changes(self, event: Event) -> SafeString:
        """The difference, field by field."""
        changes = _body(event)["changes"]
        rows = [(name, _text(change["before"]), _text(change["after"])) for name, change in changes.items()]
        return render_to_string("kernel/changes.html", {"changes": rows})

    @admin.display(description=_("data"))
    def data(self, event: Event) -> SafeString:
        """What the command did."""
        return format_html("<pre>{}</pre>", json.dumps(_body(event)["data"], indent=2, ensure_ascii=False))

    @admin.display(description=_("actor"))
    def actor_name(self, event: Event) -> str:
        """Who did it."""
        return str(_body(event)["actor"]["name"])

    @admin.display(description=_("authenticated by"))
    def method(self, event: Event) -> str:
        """How the actor was known."""
        return str(_body(event)["actor"]["method"])

    @admin.display(description=_("on behalf of"))
    def on_behalf_of(self, event: Event) -> str:
        """For whom."""
        represented = _body(event)["actor"].get("on_behalf_of")  # older bytes have no such field
        return _NOTHING if represented is None else str(represented["name"])

    @admin.display(description=_("known by"))
    def key_id(self, event: Event) -> str:
        """The id of the key, the sign-in or the session."""
        return _body(event)["actor"].get("key_id") or _NOTHING

    @admin.display(description=_("address"))
    def address(self, event: Event) -> str:
        """From where."""
        body = _body(event)
        address: str | None = body["actor"]["address"]  # events from before addresses were sealed have it
        sealed = any("actor.address" in block["places"] for block in body.get("personal", ()))
        return address or (_sealed(event) if sealed else _NOTHING)

    @admin.display(description=_("reason"))
    def reason(self, event: Event) -> str:
        """Why."""
        return _body(event)["reason"] or _NOTHING


def _sealed(event: Event) -> str:
    """Leads to the page that opens it, for those who may."""
    try:
        page = reverse(PERSONAL, args=[event.pk])
    except NoReverseMatch:  # a site without that page
        return str(_("sealed"))
    return format_html('<a href="{}">{}</a>', page, _("sealed"))


def _body(event: Event) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(event.body))
    return body


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
