"""Pages that only show something: reports and trees."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.views import View

from ledger.admin.commands import Title

if TYPE_CHECKING:
    from ledger.admin.base import LedgerAdmin


class ReadPage(View):
    """The base of pages that change nothing."""

    http_method_names = ["get", "head"]
    heading: ClassVar[Title]
    permission: ClassVar[str]
    template_name: ClassVar[str]
    model_admin: "LedgerAdmin[Any]" = None  # type: ignore[assignment]  # as_view() gives it

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may."""
        if not request.user.has_perm(self.permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def show(self, context: dict[str, Any]) -> TemplateResponse:
        """The page."""
        frame = self.model_admin.admin_site.each_context(self.request)
        shared = {**frame, "title": self.heading, "opts": self.model_admin.opts}
        return TemplateResponse(self.request, self.template_name, {**shared, **context})
