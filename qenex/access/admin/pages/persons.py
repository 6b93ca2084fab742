"""What an administrator does with somebody: password, second factors, sessions, roles."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qenex.access import factorreset, passwords, people, rolechange, sessions
from qenex.access.admin.pages.command import CommandPage, ReasonForm
from qenex.access.models import Ended, StaffSession

if TYPE_CHECKING:
    PasswordBase = SetPasswordForm[User]
else:
    PasswordBase = SetPasswordForm


class PersonPage(CommandPage):
    """The base of those that are about a user."""

    permission = "auth.change_user"
    subject: User

    def find(self, **kwargs: Any) -> User:
        """The user."""
        return get_object_or_404(User, pk=kwargs["user_id"])

    def back(self) -> str:
        """The user's page."""
        return reverse("admin:auth_user_change", args=[self.subject.pk])


class PasswordForm(ReasonForm, PasswordBase):
    """A new password twice, and why."""

    field_order = ("new_password1", "new_password2", "reason")


class SetPassword(PersonPage):
    """Sets somebody's password, which he must change when he has signed in."""

    title = gettext_lazy("Set the password")
    submit = gettext_lazy("Set the password")
    intro = gettext_lazy("All sessions of the user end, and the password must be changed at the next sign-in.")

    def form(self, data: Any = None) -> forms.Form:
        """The form knows the user, for the password must not be like him."""
        return PasswordForm(self.subject, data)

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls password_change."""
        people.check_mine(self.subject)
        passwords.password_change(user=self.subject, password=data["new_password1"])
        return _("The password was set.")


class ProofForm(ReasonForm):
    """How it is known who asks."""

    reason = forms.CharField(
        label=gettext_lazy("How you made sure that it is the user"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "As surely as when the account was given, such as in person with a passport. It is kept in the event log "
            "for ever."
        ),
    )


class ResetFactors(PersonPage):
    """Takes the second factors away from somebody who has lost them."""

    title = gettext_lazy("Remove the second factors")
    submit = gettext_lazy("Remove the second factors")
    form_class = ProofForm
    intro = gettext_lazy(
        "Make sure that it is the user who asks. All second factors, recovery codes and sessions go; at the next "
        "sign-in the password alone lets the user set up new ones."
    )
    danger = True

    def carry_out(self, data: dict[str, Any]) -> str:
        """Carries out the command; a policy may ask for a second person."""
        factorreset.execute(factorreset.payload(self.subject))
        return _("The second factors were removed.")


class EndSessions(PersonPage):
    """Signs somebody out everywhere."""

    permission = "access.end_staffsession"
    title = gettext_lazy("End all sessions")
    submit = gettext_lazy("End all sessions")
    intro = gettext_lazy("All browsers of the user are signed out, and all programs that have signed in for him.")
    danger = True

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls sessions_end_all."""
        count = sessions.sessions_end_all(user=self.subject, reason=Ended.BY_ADMINISTRATOR)
        text = ngettext("One session was ended.", "%(count)d sessions were ended.", count)
        return text % {"count": count}

    def back(self) -> str:
        """The sessions."""
        return reverse("admin:access_staffsession_changelist")


class RolesForm(ReasonForm):
    """Groups by name."""

    field_order = ("roles", "reason")
    roles = forms.MultipleChoiceField(label=gettext_lazy("Roles"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["roles"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, name) for name in Group.objects.order_by("name").values_list("name", flat=True)]


class ChangeRoles(PersonPage):
    """Gives somebody roles; a policy may ask for a second person."""

    title = gettext_lazy("Roles")
    submit = gettext_lazy("Save")
    form_class = RolesForm

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form, with the roles of now."""
        return self.show(RolesForm(initial={"roles": list(self.subject.groups.values_list("name", flat=True))}))

    def carry_out(self, data: dict[str, Any]) -> str:
        """Carries out the command."""
        rolechange.execute(rolechange.payload(self.subject, data["roles"]))
        return _("The roles were changed.")


class EndSession(CommandPage):
    """Ends one session of anybody."""

    permission = "access.end_staffsession"
    title = gettext_lazy("End the session")
    submit = gettext_lazy("End the session")
    danger = True
    subject: StaffSession

    def find(self, **kwargs: Any) -> StaffSession:
        """The session."""
        return get_object_or_404(StaffSession.objects.select_related("user"), pk=kwargs["object_id"])

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls session_end."""
        ended = sessions.session_end(session=self.subject, reason=Ended.BY_ADMINISTRATOR)
        return _("The session was ended.") if ended else _("The session had ended already.")

    def back(self) -> str:
        """The sessions."""
        return reverse("admin:access_staffsession_changelist")
