"""The base of the ledger's pages: what is stored is only looked at; every change is a page of its own."""

from functools import partial
from typing import Any, TypeVar, cast
from uuid import UUID

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from ledger.admin.commands import CommandPage
from ledger.admin.lists import ListAdmin

M = TypeVar("M", bound=Model)


class LedgerAdmin(ListAdmin[M]):
    """A list, a page an object, and pages for its commands. Django's own forms, which would save, are not reachable."""

    actions = None
    add_page: type[CommandPage] | None = None
    commands: dict[str, type[CommandPage]] = {}
    """The last part of the address → the page."""
    event_subject = ""
    """The subject type of the object's events; without one, `event_of` names the event that made the object."""
    change_form_template = "ledger/admin/page.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the user may do what the add page does."""
        return self.add_page is not None and request.user.has_perm(self.add_page.permission)

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody edits a row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody deletes a row."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The commands' pages before Django's own."""
        return [*self.command_urls(), *super().get_urls()]

    def command_urls(self) -> list[URLPattern]:
        """One address for each command on an object."""
        prefix = f"ledger_{self.opts.model_name}"
        return [
            path(f"<uuid:object_id>/{slug}/", self.protected(page.as_view(model_admin=self)), name=f"{prefix}_{slug}")
            for slug, page in self.commands.items()
        ]

    def protected(self, view: Any) -> Any:
        """The view for signed-in staff only."""
        return self.admin_site.admin_view(view)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The add page, in place of Django's form."""
        if self.add_page is None:
            return super().add_view(request, form_url, extra_context)
        return cast(HttpResponse, self.add_page.as_view(model_admin=self)(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The object's page."""
        subject = self.get_object(request, unquote(object_id))
        extra = (
            {}
            if subject is None
            else {**self.page_context(request, subject), "buttons": self.buttons(request, subject)}
        )
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The object's events, in place of Django's log of its own forms."""
        identifier = unquote(object_id)
        if not self.has_view_permission(request):
            raise PermissionDenied
        if self.get_object(request, identifier) is None:
            raise Http404(_("There is no such object."))
        if not self.event_subject:
            subject = self.get_object(request, identifier)
            if subject is None:
                raise Http404
            event = self.event_of(subject.pk)
            return redirect(reverse("admin:kernel_event_change", args=[event]))
        query = urlencode({"subject_type": self.event_subject, "subject_id": identifier})
        return redirect(f"{reverse('admin:kernel_event_changelist')}?{query}")

    def event_of(self, id: UUID) -> UUID | None:
        """The event that an object without events of its own was recorded in."""
        raise NotImplementedError

    def page_context(self, request: HttpRequest, subject: M) -> dict[str, Any]:
        """What the object's page shows below its fields."""
        return {}

    def buttons(self, request: HttpRequest, subject: M) -> list[tuple[str, str]]:
        """The commands that the user may give and the object's state allows: address and label."""
        allowed = [
            (slug, page)
            for slug, page in self.commands.items()
            if request.user.has_perm(page.permission) and page.available(subject)
        ]
        url = partial(reverse, args=[subject.pk])
        return [(url(f"admin:ledger_{self.opts.model_name}_{slug}"), str(page.label)) for slug, page in allowed]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> M | None:
        """The object from the writer's database: whoever has just changed it wants to see that."""
        try:
            return self.fresh(UUID(object_id))
        except ValueError:
            return None

    def fresh(self, id: UUID) -> M | None:
        """The object as it is now, where it is in reach."""
        return self.reached(self.detailed()).filter(pk=id).first()

    def detailed(self) -> QuerySet[M]:
        """Objects with what their pages show."""
        return self.model._default_manager.all()

    def address(self, subject: M | None) -> str:
        """The object's page, or the list."""
        if subject is None:
            return reverse(f"admin:ledger_{self.opts.model_name}_changelist")
        return reverse(f"admin:ledger_{self.opts.model_name}_change", args=[subject.pk])
