"""Holds: money set aside, the open ones first, and what becomes of them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import services
from ledger.admin import shown
from ledger.admin.base import LedgerAdmin
from ledger.admin.commands import CommandPage
from ledger.admin.transfers import account_of, name_accounts, places_of
from ledger.choices import HoldStatus
from ledger.forms.fields import AmountField, ReasonForm
from ledger.forms.filters import HoldsFilter
from ledger.models import Hold, Transfer
from qenex.kernel.ids import uuid7


class OnceForm(ReasonForm):
    """A form whose command is recognised when it is sent twice."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)


class PostForm(OnceForm):
    """How much of a hold to post."""

    field_order = ("amount", "keep", "reason")
    amount = AmountField(label=gettext_lazy("Amount"), help_text=gettext_lazy("All that is left, or a part of it."))
    keep = forms.BooleanField(label=gettext_lazy("Keep holding what is left after it"), required=False)


class HoldCommand(CommandPage):
    """What becomes of an open hold."""

    permission = "ledger.resolve_hold"
    step_up = True

    @classmethod
    def available(cls, subject: Hold) -> bool:
        """Open holds."""
        return subject.status == HoldStatus.OPEN

    def context(self) -> dict[str, Any]:
        """What is held, and between whom."""
        hold: Hold = self.subject
        debit, credit = (account_of(hold, id) for id in (hold.debit_account_id, hold.credit_account_id))
        left = shown.amount(hold.remaining, places_of(hold))
        asset = debit.asset.code if debit else ""
        values = {"left": left, "asset": asset, "debit": debit, "credit": credit}
        return {"intro": _("%(left)s %(asset)s are held: debit %(debit)s, credit %(credit)s.") % values}


class PostHold(HoldCommand):
    """Posts a hold, whole or in part."""

    label = gettext_lazy("Post")
    approval_command = "ledger.hold.post"
    submit = gettext_lazy("Post the hold")
    form_class = PostForm

    def initial(self) -> dict[str, Any]:
        """All that is left."""
        return {"amount": shown.amount(self.subject.remaining, places_of(self.subject))}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls hold_post."""
        services.hold_post(hold=self.subject.pk, amount=data["amount"], final=not data["keep"], id=data["id"])
        return shown.page("hold", self.subject.pk), _("The hold was posted.")


class VoidHold(HoldCommand):
    """Releases a hold."""

    label = gettext_lazy("Void")
    submit = gettext_lazy("Void the hold")
    form_class = OnceForm
    danger = True

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls hold_void."""
        services.hold_void(hold=self.subject.pk, id=data["id"])
        return shown.page("hold", self.subject.pk), _("The hold was voided: what it held is available again.")


@admin.register(Hold)
class HoldAdmin(LedgerAdmin[Hold]):
    """Pending transfers."""

    keyset = ("-created_at", "-id")
    filter_form = HoldsFilter
    list_display = (
        *("created_at", "debited", "credited", "amount_shown", "posted_shown", "remaining_shown", "asset_code"),
        *("state", "expires_at"),
    )
    fields = (
        ("state", "created_at", "expires_at", "resolved_at"),
        ("debited", "credited"),
        ("amount_shown", "posted_shown", "remaining_shown", "asset_code"),
        "transfer",
    )
    readonly_fields = (
        *("state", "created_at", "expires_at", "resolved_at", "debited", "credited"),
        *("amount_shown", "posted_shown", "remaining_shown", "asset_code", "transfer"),
    )
    commands = {"post": PostHold, "void": VoidHold}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        """The holds as they are now: whoever has just resolved one wants to see that."""
        return super().get_queryset(request).using("default")

    def complete(self, page: list[Hold], using: str) -> None:
        """The accounts."""
        name_accounts(page, using)

    def fresh(self, id: UUID) -> Hold | None:
        """The hold with its accounts."""
        hold = super().fresh(id)
        if hold is not None:
            name_accounts([hold], "default")
        return hold

    def event_of(self, id: UUID) -> UUID | None:
        """The event that the hold was made in."""
        return Transfer.objects.filter(pk=id).values_list("event_id", flat=True).first()

    @admin.display(description=gettext_lazy("debit account"))
    def debited(self, hold: Hold) -> SafeString:
        """The account that will be debited."""
        return shown.account_link(account_of(hold, hold.debit_account_id), hold.debit_account_id)

    @admin.display(description=gettext_lazy("credit account"))
    def credited(self, hold: Hold) -> SafeString:
        """The account that will be credited."""
        return shown.account_link(account_of(hold, hold.credit_account_id), hold.credit_account_id)

    @admin.display(description=gettext_lazy("amount"))
    def amount_shown(self, hold: Hold) -> str:
        """What was held at first."""
        return shown.amount(hold.amount, places_of(hold))

    @admin.display(description=gettext_lazy("posted"))
    def posted_shown(self, hold: Hold) -> str:
        """What was posted of it."""
        return shown.nonzero(hold.posted_amount, places_of(hold))

    @admin.display(description=gettext_lazy("left"))
    def remaining_shown(self, hold: Hold) -> str:
        """What may still be posted."""
        return shown.nonzero(hold.remaining, places_of(hold))

    @admin.display(description=gettext_lazy("asset"))
    def asset_code(self, hold: Hold) -> str:
        """The asset."""
        account = account_of(hold, hold.debit_account_id)
        return account.asset.code if account else shown.DASH

    @admin.display(description=gettext_lazy("status"))
    def state(self, hold: Hold) -> SafeString:
        """The status in its colour."""
        return shown.status(hold.status, hold.get_status_display())

    @admin.display(description=gettext_lazy("transfer"))
    def transfer(self, hold: Hold) -> SafeString:
        """The transfer that made the hold."""
        return format_html('<a href="{}">{}</a>', shown.page("transfer", hold.pk), hold.pk)
