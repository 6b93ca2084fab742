"""What the trail's pages share."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from qenex.admin import KeysetAdmin, M, ViewOnlyAdmin


class TrailAdmin(KeysetAdmin[M], ViewOnlyAdmin[M]):
    """A list, and a page an object that is only looked at. What can be done with it are pages of their own."""

    page_template = ""
    event_subject = ""

    def page_title(self, subject: M) -> str:
        """The page's heading."""
        return str(subject)

    def page_context(self, request: HttpRequest, subject: M) -> dict[str, Any]:
        """What the page shows."""
        return {}

    def subject_of(self, subject: M) -> str:
        """The subject's id in its events."""
        return str(subject.pk)

    def found(self, request: HttpRequest, id: str) -> M:
        """The object, for who may look at it. Raises PermissionDenied and Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            row = self.get_queryset(request).filter(pk=id).first()
        except (ValidationError, ValueError):
            row = None
        if row is None:
            raise Http404(_("There is no such object."))
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The object's page."""
        if request.method == "POST":
            raise PermissionDenied
        subject = self.found(request, unquote(object_id))
        frame = {**self.admin_site.each_context(request), "opts": self.opts, "title": self.page_title(subject)}
        return TemplateResponse(request, self.page_template, {**frame, **self.page_context(request, subject)})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The object's events."""
        subject = self.found(request, unquote(object_id))
        query = {"subject_type": self.event_subject, "subject_id": self.subject_of(subject)}
        return redirect(reverse("admin:kernel_event_changelist", query=query))
