"""Pages on which an administrator does one thing with somebody, with a fresh second factor and a reason."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy
from django.views import View

from qenex.access import stepup
from qenex.access.admin.asking import ask
from qenex.access.approvals import ApprovalRequired
from qenex.access.people import PersonError
from qenex.kernel.context import because


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("It is kept in the event log for ever."),
    )


class CommandPage(stepup.StepUpMixin, View):
    """GET shows a form and changes nothing, POST calls a service."""

    http_method_names = ["get", "head", "post"]
    permission: ClassVar[str]
    title: ClassVar[Any]
    submit: ClassVar[Any]
    intro: ClassVar[Any] = ""
    danger = False
    form_class: type[forms.Form] = ReasonForm
    subject: Any

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may."""
        if not request.user.has_perm(self.permission):
            raise PermissionDenied
        self.subject = self.find(**kwargs)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        return self.show(self.form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Does it, or shows what stands against it."""
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            with because(form.cleaned_data["reason"]):
                message = self.carry_out(form.cleaned_data)
        except PersonError as error:
            form.add_error(None, capfirst(str(error)))
            return self.show(form)
        except ApprovalRequired as needed:
            return ask(request, needed, reason=form.cleaned_data["reason"])
        messages.success(request, message)
        return redirect(self.back())

    def find(self, **kwargs: Any) -> Any:
        """The object. Raises Http404."""
        raise NotImplementedError

    def form(self, data: Any = None) -> forms.Form:
        """The form, filled in or not."""
        return self.form_class(data)

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls the service; what to say. Raises PersonError."""
        raise NotImplementedError

    def back(self) -> str:
        """Where to go."""
        raise NotImplementedError

    def show(self, form: forms.Form) -> HttpResponse:
        """The page."""
        context = {
            **admin.site.each_context(self.request),
            "title": f"{self.title}: {self.subject}",
            "form": form,
            "intro": self.intro,
            "submit": self.submit,
            "danger": self.danger,
            "back": self.back(),
            "inside": True,
        }
        return TemplateResponse(self.request, "access/command.html", context)
