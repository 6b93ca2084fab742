"""Opening, naming, limiting, freezing and closing accounts."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import services
from ledger.admin import shown
from ledger.admin.commands import CommandPage
from ledger.choices import AccountStatus, AccountType, Side
from ledger.forms.fields import AmountField, BookField, ReasonForm
from ledger.models import Account, Asset

FLOOR_HELP = gettext_lazy("The available balance never falls below it: 0 forbids overdrafts, empty allows any.")


class AccountForm(forms.Form):
    """A new account."""

    book = BookField(empty_label=None)
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=64, help_text=gettext_lazy("Short and unique within the book.")
    )
    path = forms.CharField(
        label=gettext_lazy("Path"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("The place in the chart, such as liabilities:customers:42; the code unless given."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=AccountType.choices)
    normal_side = forms.TypedChoiceField(
        label=gettext_lazy("Normal side"),
        choices=[("", gettext_lazy("That of the type")), *Side.choices],
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("Where the balance grows; a contra account has the other one than its type."),
    )
    asset = forms.ModelChoiceField(
        label=gettext_lazy("Asset"), queryset=Asset.objects.order_by("code"), to_field_name="code", empty_label=None
    )
    owner_ref = forms.CharField(
        label=gettext_lazy("Owner"), max_length=100, required=False, help_text=gettext_lazy("Your reference.")
    )
    floor = AmountField(label=gettext_lazy("Floor"), signed=True, required=False, help_text=FLOOR_HELP)


class EditForm(ReasonForm):
    """What may change about an account."""

    field_order = ("name", "owner_ref", "reason")
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    owner_ref = forms.CharField(label=gettext_lazy("Owner"), max_length=100, required=False)


class FloorForm(ReasonForm):
    """Another floor."""

    field_order = ("floor", "reason")
    floor = AmountField(label=gettext_lazy("Floor"), signed=True, required=False, help_text=FLOOR_HELP)


class AddAccount(CommandPage):
    """Opens an account."""

    label = gettext_lazy("Add account")
    permission = "ledger.add_account"
    form_class = AccountForm

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls account_create."""
        account = services.account_create(**data)
        return shown.page("account", account.pk), _("The account %(account)s was opened.") % {"account": account}


class AccountCommand(CommandPage):
    """A change of an account, checked against the version that its user saw."""

    permission = "ledger.change_account"
    form_class = ReasonForm
    done: ClassVar[Any]

    def update(self, **changes: Any) -> tuple[str, str]:
        """Calls account_update."""
        services.account_update(account=self.subject, version=self.seen(), **changes)
        return shown.page("account", self.subject.pk), str(self.done)


class EditAccount(AccountCommand):
    """Names an account and its owner."""

    label = gettext_lazy("Edit")
    submit = gettext_lazy("Save")
    form_class = EditForm
    done = gettext_lazy("The account was changed.")

    def initial(self) -> dict[str, Any]:
        """What it is now."""
        return {"name": self.subject.name, "owner_ref": self.subject.owner_ref}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Sets name and owner."""
        return self.update(name=data["name"], owner_ref=data["owner_ref"])


class SetFloor(AccountCommand):
    """Sets what the available balance may not fall below."""

    label = gettext_lazy("Set floor")
    approval_command = "ledger.account.update"
    form_class = FloorForm
    done = gettext_lazy("The floor was set.")

    @classmethod
    def available(cls, subject: Account) -> bool:
        """All but closed accounts."""
        return subject.status != AccountStatus.CLOSED

    def initial(self) -> dict[str, Any]:
        """The present floor."""
        floor = self.subject.balance.floor
        return {"floor": None if floor is None else shown.amount(floor, self.subject.asset.places)}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Sets the floor."""
        return self.update(floor=data["floor"])


class FreezeAccount(AccountCommand):
    """Stops all movement."""

    label = gettext_lazy("Freeze")
    submit = gettext_lazy("Freeze the account")
    done = gettext_lazy("The account is frozen.")
    danger = True

    @classmethod
    def available(cls, subject: Account) -> bool:
        """Open accounts."""
        return subject.status == AccountStatus.OPEN

    def context(self) -> dict[str, Any]:
        """What it means."""
        return {"intro": _("A frozen account refuses every transfer, in and out, until it is unfrozen.")}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Sets the status."""
        return self.update(status=AccountStatus.FROZEN)


class UnfreezeAccount(AccountCommand):
    """Lets money move again."""

    label = gettext_lazy("Unfreeze")
    approval_command = "ledger.account.update"
    submit = gettext_lazy("Unfreeze the account")
    done = gettext_lazy("The account is open again.")

    @classmethod
    def available(cls, subject: Account) -> bool:
        """Frozen accounts."""
        return subject.status == AccountStatus.FROZEN

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Sets the status."""
        return self.update(status=AccountStatus.OPEN)


class CloseAccount(AccountCommand):
    """Ends an account."""

    label = gettext_lazy("Close account")
    submit = gettext_lazy("Close the account for ever")
    done = gettext_lazy("The account is closed.")
    danger = True

    @classmethod
    def available(cls, subject: Account) -> bool:
        """All but closed accounts."""
        return subject.status != AccountStatus.CLOSED

    def context(self) -> dict[str, Any]:
        """What it means."""
        return {"intro": _("Only an account with no balance and no holds can be closed. It stays closed.")}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Sets the status."""
        return self.update(status=AccountStatus.CLOSED)
