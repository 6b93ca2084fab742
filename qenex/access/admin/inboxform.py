"""What the list of requests may be narrowed to."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from qenex.access.approvals import inbox, registry
from qenex.access.approvals.rules import CHECK
from qenex.access.models import Approval, ApprovalStatus

TO_CHECK, MINE, ALL = "check", "mine", "all"
NOTHING: dict[str, Any] = {
    TO_CHECK: _("Nothing waits for you. What other people ask for appears here when you may decide about it."),
    MINE: _("You have asked for nothing yet. A command that takes two people appears here once you have sent it."),
    ALL: _("Nobody has asked for anything yet."),
}
Person = User | AnonymousUser


class InboxForm(forms.Form):
    """Query parameters of the list: whose requests, and which."""

    use_required_attribute = False
    show = forms.ChoiceField(choices=[(TO_CHECK, ""), (MINE, ""), (ALL, "")], widget=forms.HiddenInput)
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("All")), *ApprovalStatus.choices])
    command = forms.ChoiceField(label=_("Command"), required=False)
    text = forms.CharField(label=_("Person or reason"), required=False, max_length=100)

    def __init__(self, data: Mapping[str, Any], user: Person) -> None:
        given = {name: data.get(name, "") for name in self.base_fields}
        given["show"] = given["show"] or (TO_CHECK if user.has_perm(CHECK) else MINE)
        super().__init__(given, label_suffix="")
        self.user = user
        field = self.fields["command"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All")), *((each.name, each.label) for each in registry.commands())]

    @property
    def in_use(self) -> bool:
        """Whether anything but the choice of whose narrows the list."""
        return any(value for name, value in self.data.items() if name != "show")

    @property
    def nothing(self) -> Any:
        """What an empty list says."""
        return NOTHING.get(self.data["show"], NOTHING[ALL])

    def narrow(self, rows: QuerySet[Approval]) -> QuerySet[Approval]:
        """The rows that were asked for. The form is valid."""
        given = self.cleaned_data
        conditions: dict[str, Q] = {TO_CHECK: inbox.to_check(self.user), MINE: Q(requester_id=self.user.pk), ALL: Q()}
        rows = rows.filter(conditions[given["show"]])
        for name in ("status", "command"):
            if given[name]:
                rows = rows.filter(**{name: given[name]})
        if given["text"]:
            text = given["text"]
            rows = rows.filter(Q(requester__username__icontains=text) | Q(reason__icontains=text) | Q(key=text))
        return rows

    @classmethod
    def tabs(cls, user: Person) -> list[tuple[str, Any, str, int | None]]:
        """The choices of whose: name, label, address and how many."""
        checks = user.has_perm(CHECK)
        tabs: list[tuple[str, Any, int | None]] = [(MINE, _("My requests"), None), (ALL, _("All requests"), None)]
        if checks:
            tabs.insert(0, (TO_CHECK, _("For me to check"), inbox.waiting(user)))
        return [(name, label, f"?{urlencode({'show': name})}", count) for name, label, count in tabs]
