"""What the pages of privacy share."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy

from qenex.access.admin.pages.command import CommandPage, ReasonForm
from qenex.admin import KeysetAdmin, M, ViewOnlyAdmin
from qenex.kernel import scope

CASE = gettext_lazy("Such as the number of a case. No names: it is kept in the event log for ever.")


class CaseForm(ReasonForm):
    """Why, without a name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = CASE


class PersonField(forms.CharField):
    """Whose data."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", gettext_lazy("A login name, or a subject such as auth.user:7."))
        super().__init__(label=gettext_lazy("Whose data"), max_length=150, **kwargs)


class PrivacyPage(CommandPage):
    """A page on which one thing is done, for those who reach every book: people are of no single one."""

    subject: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may."""
        if scope.books() is not None:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def find(self, **kwargs: Any) -> Any:
        """Nothing in particular."""
        return None

    def show(self, form: forms.Form) -> HttpResponse:
        """The page, whose title says no more than what it does."""
        response = super().show(form)
        assert isinstance(response, TemplateResponse)
        assert response.context_data is not None
        response.context_data["title"] = self.title if self.subject is None else f"{self.title}: {self.subject}"
        return response


class PrivacyAdmin(KeysetAdmin[M], ViewOnlyAdmin[M]):
    """A list of what is of no single book, as it is now: whoever has just changed something wants to see that."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[M]:
        """The rows."""
        return super().get_queryset(request).using("default")

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """For who reaches every book."""
        return super().has_view_permission(request, obj) and scope.books() is None
