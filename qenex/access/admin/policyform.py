"""What a policy says, as a form."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from qenex.access.approvals import directory, registry
from qenex.access.approvals.policies import Terms
from qenex.kernel.money import SCALE
from qenex.kernel.problems import Problem
from qenex.kernel.routes import permissions

ALWAYS = ""


class PolicyForm(forms.Form):
    """A command, when it takes a second person, and whom."""

    command = forms.ChoiceField(label=_("Command"))
    book = forms.TypedChoiceField(label=_("Book"), coerce=UUID, empty_value=None, required=False)
    asset = forms.TypedChoiceField(
        label=_("Asset"),
        coerce=UUID,
        empty_value=None,
        required=False,
        help_text=_("Together with an amount, for what moves money; without, the policy always asks."),
    )
    above = forms.DecimalField(
        label=_("Above"), required=False, min_value=0, max_digits=38, decimal_places=SCALE, widget=forms.TextInput
    )
    permission = forms.ChoiceField(
        label=_("Permission of the second person"),
        required=False,
        help_text=_("Besides the right to decide about requests; that of the command itself unless chosen."),
    )
    hours = forms.IntegerField(label=_("Hours until it expires"), min_value=1, max_value=90 * 24, initial=72)
    active = forms.BooleanField(label=_("Active"), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It is kept in the event log for ever."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        commands = [(each.name, f"{each.label} ({each.name})") for each in registry.commands()]
        self._choose("command", [*commands, *self._unknown(commands)])
        self._choose("book", [("", _("Every book")), *((str(id), name) for id, name in directory.books().items())])
        self._choose("asset", [("", _("None")), *((str(id), code) for id, code in directory.assets().items())])
        self._choose("permission", [("", _("That of the command")), *((name, name) for name in sorted(permissions()))])

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _unknown(self, commands: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The command of a stored policy whose app is not there yet."""
        present = self.initial.get("command", "")
        return [] if not present or present in dict(commands) else [(present, present)]

    def terms(self) -> Terms:
        """What the form says. It is valid."""
        given = self.cleaned_data
        return Terms(
            *(given["command"], given["book"], given["asset"], given["above"], given["permission"]),
            expires_after=timedelta(hours=given["hours"]),
            active=given["active"],
        )

    def refuse(self, problem: Problem) -> None:
        """Tells what the service found, beside the field that it names."""
        if not problem.faults:
            self.add_error(None, problem.detail or problem.kind.title)
        for fault in problem.faults:
            field = (fault.pointer or "").removeprefix("#/")
            self.add_error({"expires_after": "hours"}.get(field, field if field in self.fields else None), fault.detail)


def initial(terms: Terms) -> dict[str, Any]:
    """A stored policy as the form shows it."""
    return {
        "command": terms.command,
        "book": terms.book,
        "asset": terms.asset,
        "above": None if terms.above is None else f"{terms.above.normalize():f}",
        "permission": terms.permission,
        "hours": int(terms.expires_after.total_seconds() // 3600),
        "active": terms.active,
    }
