"""Pages that carry out one command: GET shows a form and changes nothing, POST calls a service."""

import re
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views import View

from ledger.errors import Invalid, LedgerError
from ledger.models import Book
from qenex.access import stepup
from qenex.access.admin.asking import ask
from qenex.access.approvals import ApprovalError, ApprovalRequired
from qenex.access.approvals.notices import notice
from qenex.kernel.context import because
from qenex.kernel.transactions import Busy

if TYPE_CHECKING:
    from ledger.admin.base import LedgerAdmin

REFUSALS = (LedgerError, ApprovalError, Busy)
"""What a service answers when it does not carry out a command."""
_VERSION = re.compile(r"[0-9]{1,18}", re.ASCII)
Title = str | Promise


def refuse(form: forms.BaseForm, error: Exception) -> None:
    """Tells why a service refused, beside the field that it names where the form has it."""
    field = error.field if isinstance(error, Invalid) else None
    text = capfirst(str(error))
    if field in form.fields:
        form.add_error(field, text)
    else:
        form.add_error(None, f"{field}: {text}" if field else text)


class CommandPage(View):
    """The base of every page that changes something."""

    label: ClassVar[Title]
    """On the button that leads here."""
    submit: ClassVar[Title] = ""
    """On the button that does it; the label unless given."""
    permission: ClassVar[str]
    form_class: type[forms.Form]
    template_name = "ledger/admin/command.html"
    danger: ClassVar[bool] = False
    approval_command: ClassVar[str] = ""
    """The name of the command as policies have it, where it may take a second person."""
    step_up: ClassVar[bool] = False
    """Whether the second factor must have been shown a moment ago."""
    model_admin: "LedgerAdmin[Any]" = None  # type: ignore[assignment]  # as_view() gives it
    subject: Any = None
    form: Any
    """The form of this request."""

    @classmethod
    def available(cls, subject: Any) -> bool:
        """Whether the state of the object lets the command make sense."""
        return True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may."""
        if not request.user.has_perm(self.permission):
            raise PermissionDenied
        if self.step_up and not stepup.fresh(request):
            return stepup.ask(request)
        object_id: UUID | None = kwargs.pop("object_id", None)
        if object_id is not None:
            self.subject = self.model_admin.fresh(object_id)
            if self.subject is None:
                raise Http404(_("There is no such object."))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        self.form = self.form_class(initial=self.initial(), **self.form_arguments())
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Carries the command out, or shows the form again with what stands against it."""
        self.form = form = self.form_class(request.POST, initial=self.initial(), **self.form_arguments())
        if not form.is_valid():
            return self.show()
        try:
            with because(form.cleaned_data.get("reason", "")):
                url, message = self.carry_out(form.cleaned_data)
        except ApprovalRequired as needed:
            return self.ask(needed, form.cleaned_data.get("reason", ""))
        except REFUSALS as error:
            refuse(form, error)
            return self.show()
        messages.success(request, message)
        return redirect(url)

    def ask(self, needed: ApprovalRequired, reason: str) -> HttpResponse:
        """Asks for the approval of a second person, or shows the form again with what stands against it."""
        try:
            return ask(self.request, needed, reason=reason)
        except REFUSALS as error:
            refuse(self.form, error)
            return self.show()

    def approval_notice(self) -> str:
        """That the command takes a second person; empty where it does not."""
        if not self.approval_command:
            return ""
        book = self.subject.pk if isinstance(self.subject, Book) else getattr(self.subject, "book_id", None)
        return notice(self.approval_command, book)

    def seen(self) -> int | None:
        """The version of the object that the user saw when the form was shown; none where it has no versions."""
        given = self.request.POST.get("version", "")
        return int(given) if _VERSION.fullmatch(given) else None

    def initial(self) -> dict[str, Any]:
        """What the form starts with."""
        return {name: value for name, value in self.request.GET.items() if name in self.form_class.base_fields}

    def form_arguments(self) -> dict[str, Any]:
        """What else the form needs."""
        return {}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls the service; returns where to go and what to say. Raises one of REFUSALS."""
        raise NotImplementedError

    def title(self) -> str:
        """The page's heading."""
        return f"{self.label}: {self.subject}" if self.subject is not None else str(self.label)

    def context(self) -> dict[str, Any]:
        """What else the template needs."""
        return {}

    def show(self) -> HttpResponse:
        """The page with the form."""
        options = self.model_admin.opts
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": self.title(),
            "opts": options,
            "form": self.form,
            "subject": self.subject,
            "version": getattr(self.subject, "version", None),
            "page": self,
            "submit": self.submit or self.label,
            "danger": self.danger,
            "approval_notice": self.approval_notice(),
            "back": self.model_admin.address(self.subject),
            **self.context(),
        }
        return TemplateResponse(self.request, self.template_name, context)
