"""What is asked for a new key, and before a key is changed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from qenex.access import scopes
from qenex.access.apikeys import KeyInvalid
from qenex.access.apikeys.terms import networks
from qenex.access.keyscopes import DESCRIBED, grantable
from qenex.access.roles import known_permissions
from qenex.kernel import clock


class ReasonForm(forms.Form):
    """Why it is done."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It is kept in the event log for ever."),
    )


class KeyForm(ReasonForm):
    """A new key."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What the program is, for people."))
    owner = forms.CharField(label=_("Owner"), help_text=_("The user whose permissions it narrows."))
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=list(DESCRIBED.items()), required=False, widget=forms.CheckboxSelectMultiple
    )
    permissions = forms.MultipleChoiceField(label=_("Single permissions"), required=False)
    books = forms.TypedMultipleChoiceField(
        label=_("Books"), coerce=UUID, required=False, help_text=_("None: all that the owner reaches.")
    )
    cidrs = forms.CharField(
        label=_("Networks"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One in a line, such as 192.0.2.0/24. None: it works from everywhere."),
    )
    days = forms.IntegerField(
        label=_("Days"), required=False, min_value=1, max_value=3_650, help_text=_("None: until it is revoked.")
    )
    field_order = ("name", "owner", "scopes", "permissions", "books", "cidrs", "days", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("books", [(str(id), name) for id, name in scopes.catalog()])
        self._choose("permissions", [(name, name) for name in sorted(known_permissions()) if grantable(name)])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_owner(self) -> User:
        """The user of this name."""
        found = User.objects.filter(username=self.cleaned_data["owner"], is_active=True).first()
        if found is None:
            raise forms.ValidationError(_("There is no active user of this name."))
        return found

    def clean_cidrs(self) -> tuple[str, ...]:
        """The networks."""
        try:
            return networks(self.cleaned_data["cidrs"].split())
        except KeyInvalid as error:
            raise forms.ValidationError(str(error)) from None

    def terms(self) -> dict[str, Any]:
        """What the service takes. The form is valid."""
        given = self.cleaned_data
        days = given["days"]
        return {
            **{name: given[name] for name in ("owner", "name", "books", "cidrs")},
            "scopes": [*given["scopes"], *given["permissions"]],
            "expires_at": clock.now() + timedelta(days=days) if days else None,
        }
