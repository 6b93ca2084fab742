"""Limits: the most that one transfer may move."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import services
from ledger.admin import shown
from ledger.admin.base import LedgerAdmin
from ledger.admin.commands import CommandPage
from ledger.forms.fields import AccountField, AmountField, BookField, ReasonForm
from ledger.models import Account, Asset, RoleLimit
from ledger.selectors.limits import limits_in_reach
from qenex.kernel.money import SCALE


class LimitForm(ReasonForm):
    """A new limit, of a role or of an account."""

    field_order = ("role", "book", "account", "asset", "maximum", "verdict", "reason")
    role = forms.ModelChoiceField(
        label=gettext_lazy("Role"),
        queryset=Group.objects.order_by("name"),
        required=False,
        help_text=gettext_lazy("The limit is either a role's or an account's."),
    )
    book = BookField(
        required=False,
        help_text=gettext_lazy("Of the account."),
    )
    account = AccountField(required=False, label=gettext_lazy("Account"))
    asset = forms.ModelChoiceField(
        label=gettext_lazy("Asset"),
        queryset=Asset.objects.order_by("code"),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("Any"),
    )
    maximum = AmountField(label=gettext_lazy("Maximum"), help_text=gettext_lazy("Larger transfers get the verdict."))
    verdict = forms.ChoiceField(
        label=gettext_lazy("Verdict"),
        choices=[("hold", gettext_lazy("Hold it for somebody to post")), ("refuse", gettext_lazy("Refuse it"))],
    )

    def clean(self) -> dict[str, Any]:
        """Finds the account, and sees to it that there is one of the two."""
        cleaned = self.cleaned_data
        code = cleaned.get("account")
        found = Account.objects.filter(book=cleaned.get("book"), code=code).first() if code else None
        if code and found is None:
            self.add_error("account", _("The book has no account of this code."))
        elif (found is None) == (cleaned.get("role") is None):
            self.add_error("role", _("Choose either a role or an account."))
        return {**cleaned, "account": found}


class AddLimit(CommandPage):
    """Sets a limit."""

    label = gettext_lazy("Add limit")
    approval_command = "ledger.limit.change"
    permission = "ledger.add_rolelimit"
    form_class = LimitForm

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls limit_create."""
        limit = services.limit_create(
            **{name: data[name] for name in ("role", "account", "asset", "maximum", "verdict")}
        )
        return shown.page("rolelimit", limit.pk), _("The limit was set.")


class RemoveLimit(CommandPage):
    """Removes a limit."""

    label = gettext_lazy("Remove")
    submit = gettext_lazy("Remove the limit")
    approval_command = "ledger.limit.change"
    permission = "ledger.delete_rolelimit"
    form_class = ReasonForm
    danger = True

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls limit_delete."""
        services.limit_delete(limit=self.subject)
        return shown.listing("rolelimit"), _("The limit was removed.")


@admin.register(RoleLimit)
class RoleLimitAdmin(LedgerAdmin[RoleLimit]):
    """What the ledger's own gate enforces."""

    keyset = ("-id",)
    list_display = ("applies_to", "asset_code", "maximum_shown", "verdict")
    fields = ("applies_to", "asset_code", "maximum_shown", "verdict", "id")
    readonly_fields = fields
    list_select_related = ("role", "account__asset", "account__book", "asset")
    event_subject = "limit"
    add_page = AddLimit
    commands = {"remove": RemoveLimit}

    def reached(self, rows: QuerySet[RoleLimit]) -> QuerySet[RoleLimit]:
        """Those of accounts in reach, and those of roles."""
        return limits_in_reach(rows)

    def detailed(self) -> QuerySet[RoleLimit]:
        """Limits with what they name."""
        return RoleLimit.objects.select_related(*self.list_select_related)

    @admin.display(description=gettext_lazy("applies to"))
    def applies_to(self, limit: RoleLimit) -> SafeString:
        """The role or the account."""
        if limit.account is None:
            return format_html("{} {}", _("Role"), limit.role)
        return format_html("{} {} ({})", _("Account"), limit.account.code, limit.account.book)

    @admin.display(description=gettext_lazy("asset"))
    def asset_code(self, limit: RoleLimit) -> str:
        """The asset."""
        return str(limit.asset or _("Any"))

    @admin.display(description=gettext_lazy("maximum"))
    def maximum_shown(self, limit: RoleLimit) -> str:
        """The amount."""
        asset = limit.asset or (limit.account.asset if limit.account else None)
        places = min(asset.places if asset else 0, SCALE)
        return shown.amount(limit.maximum, places)
