"""The pages on which a key is made, rotated and revoked: for those who may, with a fresh second factor.

None of them shows a secret: whoever gives out keys could sign as others with it. Owners collect theirs on a page of
their own (`qenex.access.admin.pages.keys`).
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from qenex.access import approvals, stepup
from qenex.access.admin.apikeyforms import KeyForm, ReasonForm
from qenex.access.apikeys import (
    ApiKeyError,
    KeyInvalid,
    apikey_ask,
    apikey_prepare,
    apikey_retire,
    apikey_revoke,
)
from qenex.access.models import ApiKey
from qenex.access.people import has_page
from qenex.kernel import scope
from qenex.kernel.context import because

LIST = "admin:access_apikey_changelist"


class KeyPage(stepup.StepUpMixin, View):
    """GET asks, POST does it."""

    http_method_names = ["get", "head", "post"]
    permission = ""
    title: str | Promise = ""
    intro: str | Promise = ""
    button: str | Promise = ""
    form_class: type[forms.Form] = ReasonForm
    key: ApiKey | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may, and who reaches every book: a key is of no single one."""
        if not request.user.has_perm(self.permission) or scope.books() is not None:
            raise PermissionDenied
        if "key" in kwargs:
            self.key = get_object_or_404(ApiKey, pk=kwargs.pop("key"))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.show(self.form_class())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Does it, or shows what stands against it."""
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            with because(form.cleaned_data["reason"]):
                self.act(form)
        except ApiKeyError as error:
            named = error.field if isinstance(error, KeyInvalid) and error.field in form.fields else None
            form.add_error(named, str(error))
            return self.show(form)
        except approvals.ApprovalRequired as needed:
            return self.ask(needed, form.cleaned_data["reason"])
        return redirect(self.back())

    def act(self, form: forms.Form) -> None:
        """Calls the service, and says what was done. Raises ApiKeyError and ApprovalRequired."""
        raise NotImplementedError

    def ask(self, needed: approvals.ApprovalRequired, reason: str) -> HttpResponse:
        """Asks for the second person."""
        approvals.request(command=needed.command, payload=needed.payload, reason=reason)
        messages.info(self.request, _("A second person must approve it. After that the owner collects its secret."))
        return redirect(reverse(LIST))

    def waiting(self, key: ApiKey) -> None:
        """Says how the owner gets the secret."""
        name = key.owner.get_username()
        if has_page(key.owner):
            text = _("The secret waits for %(name)s, who collects it under Security, API keys. Nobody else sees it.")
            messages.success(self.request, text % {"name": name})
            return
        text = _("An operator makes the secret with apikey_rotate %(key)s: %(name)s cannot sign in.")
        messages.warning(self.request, text % {"name": name, "key": key.key_id})

    def show(self, form: forms.Form) -> HttpResponse:
        """The page."""
        context = self.context(self.title) | {"form": form, "intro": self.intro, "button": self.button}
        return TemplateResponse(self.request, "access/apikey_form.html", context | {"back": self.back()})

    def back(self) -> str:
        """The page before."""
        return reverse("admin:access_apikey_change", args=[self.key.pk]) if self.key else reverse(LIST)

    def context(self, title: str | Promise) -> dict[str, Any]:
        """What every page needs."""
        return {**admin.site.each_context(self.request), "title": title, "opts": ApiKey._meta, "subject": self.key}

    @property
    def pk(self) -> UUID:
        """The key that is changed."""
        assert self.key is not None
        return self.key.pk


class MakeKey(KeyPage):
    """A new key."""

    permission = "access.add_apikey"
    title = gettext_lazy("Make an API key")
    intro = gettext_lazy(
        "A program signs its requests with it. It may do what its scopes name and its owner may do. No secret is shown "
        "here: the owner collects it, and until then nothing takes the key."
    )
    button = gettext_lazy("Make the key")
    form_class = KeyForm

    def act(self, form: forms.Form) -> None:
        """Makes it."""
        assert isinstance(form, KeyForm)
        self.key = apikey_prepare(**form.terms())
        self.waiting(self.key)


class RotateKey(KeyPage):
    """Another secret, which its owner will collect."""

    permission = "access.change_apikey"
    title = gettext_lazy("Ask for another secret")
    intro = gettext_lazy(
        "The owner collects it; it then counts beside the present one until that is retired. A key has two at most."
    )
    button = gettext_lazy("Ask the owner")

    def act(self, form: forms.Form) -> None:
        """Lets it wait."""
        self.waiting(apikey_ask(key=self.pk))


class RetireSecret(KeyPage):
    """The end of the older secret."""

    permission = "access.change_apikey"
    title = gettext_lazy("Retire the older secret")
    intro = gettext_lazy("Programs that still sign with it are refused within a second.")
    button = gettext_lazy("Retire it")

    def act(self, form: forms.Form) -> None:
        """Wipes it."""
        apikey_retire(key=self.pk)
        messages.success(self.request, _("The older secret does not count any more."))


class RevokeKey(KeyPage):
    """The end of a key."""

    permission = "access.delete_apikey"
    title = gettext_lazy("Revoke the key")
    intro = gettext_lazy("It ends for ever. Programs that sign with it are refused within a second.")
    button = gettext_lazy("Revoke the key")

    def act(self, form: forms.Form) -> None:
        """Ends it."""
        apikey_revoke(key=self.pk)
        messages.success(self.request, _("The key is revoked."))
