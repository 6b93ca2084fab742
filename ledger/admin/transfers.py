"""Transfers: what was posted, for looking only."""

from typing import Any, TypeVar
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from ledger.admin import shown
from ledger.admin.base import LedgerAdmin
from ledger.choices import TransferKind
from ledger.forms.filters import READER, TransfersFilter
from ledger.models import Account, Book, Hold, Leg, Transfer

Row = Transfer | Leg
R = TypeVar("R", Transfer, Leg, Hold)

COLUMNS = ("posted_at", "debited", "credited", "amount_shown", "asset_code", "kind", "code", "reference", "journal")


@admin.register(Transfer)
class TransferAdmin(LedgerAdmin[Transfer]):
    """Movements of money, newest first; with an account, its running balance."""

    keyset = ("-posted_at",)
    filter_form = TransfersFilter
    list_display_links = ("posted_at",)
    fieldsets = (
        (None, {"fields": (("posted_at", "value_date"), ("debited", "credited"), ("amount_shown", "asset_code"))}),
        (gettext_lazy("Posted balances after it"), {"fields": (("debit_after", "credit_after"),)}),
        (gettext_lazy("What it is"), {"fields": (("kind", "code", "reference"), ("journal", "origin"), "metadata")}),
        (gettext_lazy("Record"), {"fields": ("id", "book_code", "event")}),
    )
    readonly_fields = (
        *("posted_at", "value_date", "debited", "credited", "amount_shown", "asset_code", "debit_after"),
        *("credit_after", "kind", "code", "reference", "journal", "origin", "metadata", "id", "book_code", "event"),
    )

    def get_list_display(self, request: HttpRequest) -> Any:
        """With an account, also its balance after each transfer."""
        return [*COLUMNS, "balance_after"] if request.GET.get("account") else list(COLUMNS)

    def complete(self, page: list[Transfer], using: str) -> None:
        """The accounts."""
        name_accounts(page, using)

    def fresh(self, id: UUID) -> Transfer | None:
        """The transfer with its accounts."""
        transfer = super().fresh(id)
        if transfer is not None:
            name_accounts([transfer], "default")
        return transfer

    def event_of(self, id: UUID) -> UUID | None:
        """The event that the transfer was recorded in."""
        return Transfer.objects.filter(pk=id).values_list("event_id", flat=True).first()

    @admin.display(description=gettext_lazy("debit account"))
    def debited(self, transfer: Row) -> SafeString:
        """The account that is debited."""
        return shown.account_link(account_of(transfer, transfer.debit_account_id), transfer.debit_account_id)

    @admin.display(description=gettext_lazy("credit account"))
    def credited(self, transfer: Row) -> SafeString:
        """The account that is credited."""
        return shown.account_link(account_of(transfer, transfer.credit_account_id), transfer.credit_account_id)

    @admin.display(description=gettext_lazy("amount"))
    def amount_shown(self, transfer: Row) -> str:
        """The amount with the asset's places."""
        return shown.amount(transfer.amount, places_of(transfer))

    @admin.display(description=gettext_lazy("balance after"))
    def balance_after(self, leg: Row) -> str:
        """What the account that was asked for holds after it."""
        return shown.amount(leg.balance, places_of(leg)) if isinstance(leg, Leg) else shown.DASH

    @admin.display(description=gettext_lazy("debit account"))
    def debit_after(self, transfer: Transfer) -> str:
        """The debited account's balance after it."""
        return shown.amount(transfer.debit_balance, places_of(transfer))

    @admin.display(description=gettext_lazy("credit account"))
    def credit_after(self, transfer: Transfer) -> str:
        """The credited account's balance after it."""
        return shown.amount(transfer.credit_balance, places_of(transfer))

    @admin.display(description=gettext_lazy("asset"))
    def asset_code(self, transfer: Row) -> str:
        """The asset."""
        account = account_of(transfer, transfer.debit_account_id)
        return account.asset.code if account else shown.DASH

    @admin.display(description=gettext_lazy("journal"))
    def journal(self, transfer: Row) -> str:
        """The journal's page."""
        if transfer.journal_id is None:
            return shown.DASH  # an object's own page shows no `empty_value`
        return format_html(
            '<a href="{}">{}</a>', shown.page("journal", transfer.journal_id), short(transfer.journal_id)
        )

    @admin.display(description=gettext_lazy("origin"))
    def origin(self, transfer: Transfer) -> str:
        """The hold that it resolves, or the transfer that it reverses."""
        if transfer.origin_id is None:
            return shown.DASH
        model = "transfer" if transfer.kind == TransferKind.REVERSAL else "hold"
        return format_html('<a href="{}">{}</a>', shown.page(model, transfer.origin_id), transfer.origin_id)

    @admin.display(description=gettext_lazy("book"))
    def book_code(self, transfer: Transfer) -> str:
        """The book."""
        return str(Book.objects.using(READER).get(pk=transfer.book_id))

    @admin.display(description=gettext_lazy("event"))
    def event(self, transfer: Transfer) -> SafeString:
        """The record of the command."""
        return format_html('<a href="{}">{}</a>', event_url(transfer.event_id), transfer.event_id)


def name_accounts(rows: list[R], using: str) -> None:
    """Gives each row the accounts that it names. One query."""
    ids = {id for row in rows for id in (row.debit_account_id, row.credit_account_id)}
    accounts = shown.accounts_by_id(ids, using) if ids else {}
    for row in rows:
        vars(row)["accounts"] = accounts


def account_of(row: Row | Hold, id: UUID) -> Account | None:
    """One of the accounts that `name_accounts` fetched."""
    accounts: dict[UUID, Account] = vars(row)["accounts"]
    return accounts.get(id)


def places_of(row: Row | Hold) -> int:
    """The decimal places of the row's asset."""
    account = account_of(row, row.debit_account_id)
    return account.asset.places if account else 0


def short(id: UUID) -> str:
    """Enough of an id to tell it from its neighbours: the end, for the beginning is the time."""
    return f"\N{HORIZONTAL ELLIPSIS}{str(id)[-8:]}"


def event_url(id: Any) -> str:
    """The page of an event."""
    return reverse("admin:kernel_event_change", args=[id])
