"""Changing one's own password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access import axes, lockout, passwords, sessions
from qenex.access.admin.pages.common import Page, client_of, destination


class ChangePassword(Page):
    """The old one, and the new one twice. All other sessions end."""

    template_name = "access/password.html"
    title = gettext_lazy("Change your password")
    needs_all = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form(PasswordChangeForm(self.person))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Calls password_change; a wrong old password is a failure that counts."""
        lock = lockout.locked(client_of(request))
        if lock is not None:
            return axes.refuse(request, lock)
        form = PasswordChangeForm(self.person, data=request.POST)
        if not form.is_valid():
            if form.has_error("old_password", "password_incorrect"):
                lockout.failed(client_of(request), stage="password")
            return self._form(form)
        passwords.password_change(user=self.person, password=form.cleaned_data["new_password1"], session=self.session)
        update_session_auth_hash(request, self.person)
        self._rename()
        messages.success(request, _("Your password was changed, and all your other sessions were ended."))
        return redirect(destination(request))

    def _rename(self) -> None:
        """Django has given the session a new key."""
        key = self.request.session.session_key
        assert key is not None
        sessions.session_rekey(session=self.session, key=key)

    def _form(self, form: Any) -> HttpResponse:
        return self.show({"form": form, "due": self.session.password_due})
