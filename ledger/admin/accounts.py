"""Accounts: the searchable list, each account's page, and the look-up by code for other pages."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ledger.admin import shown
from ledger.admin.account_commands import (
    AddAccount,
    CloseAccount,
    EditAccount,
    FreezeAccount,
    SetFloor,
    UnfreezeAccount,
)
from ledger.admin.base import LedgerAdmin
from ledger.admin.transfers import account_of, name_accounts
from ledger.admin.tree import ChartPage
from ledger.choices import AccountStatus, Side
from ledger.forms.filters import READER, AccountsFilter
from ledger.models import Account, Leg, RoleLimit
from ledger.selectors import transfers_of_account
from qenex.kernel import scope

LATEST = 20
IDENTITY = (("code", "path", "book_link"), ("name", "owner_ref"))
NATURE = (("type", "side", "asset_code", "state"),)
FOUND = 20


@admin.register(Account)
class AccountAdmin(LedgerAdmin[Account]):
    """Places in the charts of accounts, with what they hold."""

    keyset = ("code",)
    filter_form = AccountsFilter
    list_display = ("code", "path", "name", "type", "state", "asset_code", "posted", "pending", "available")
    list_select_related = ("asset", "balance")
    fieldsets = (
        (gettext_lazy("Balance"), {"fields": (("posted", "pending_in", "pending_out", "available", "floor"),)}),
        (gettext_lazy("Account"), {"fields": (*IDENTITY, *NATURE)}),
        (gettext_lazy("More"), {"fields": ("metadata", ("created_at", "version"), "id"), "classes": ("collapse",)}),
    )
    readonly_fields = (
        *("code", "path", "name", "type", "side", "asset_code", "owner_ref", "state", "book_link", "metadata"),
        *("posted", "pending_in", "pending_out", "available", "floor", "created_at", "version", "id"),
    )
    change_form_template = "ledger/admin/account.html"
    event_subject = "account"
    add_page = AddAccount
    commands = {
        "edit": EditAccount,
        "floor": SetFloor,
        "freeze": FreezeAccount,
        "unfreeze": UnfreezeAccount,
        "close": CloseAccount,
    }

    def detailed(self) -> QuerySet[Account]:
        """Accounts with their books, assets and balances."""
        return Account.objects.select_related("book", "asset", "balance")

    def get_urls(self) -> list[URLPattern]:
        """The chart and the look-up besides."""
        chart = self.protected(ChartPage.as_view(model_admin=self))
        return [
            path("tree/", chart, name="ledger_account_tree"),
            path("lookup/", self.protected(require_safe(self.lookup)), name="ledger_account_lookup"),
            *super().get_urls(),
        ]

    def tools(self, request: HttpRequest, book: str) -> list[tuple[str, str]]:
        """The book's chart and trial balance."""
        query = f"?{urlencode({'book': book})}" if book else ""
        return [
            (reverse("admin:ledger_account_tree") + query, _("Chart of accounts")),
            (reverse("admin:ledger_trial_balance") + query, _("Trial balance")),
        ]

    def page_context(self, request: HttpRequest, subject: Account) -> dict[str, Any]:
        """The latest transfers and the limits."""
        context: dict[str, Any] = {"account": subject, "limits": self._limits(request, subject)}
        if request.user.has_perm("ledger.view_transfer"):
            legs = list(transfers_of_account(subject.pk, using=READER)[: LATEST + 1])
            name_accounts(legs, READER)
            context |= {"legs": [_leg(subject, leg) for leg in legs[:LATEST]], "more": len(legs) > LATEST}
        context["transfers_url"] = shown.listing("transfer", book=subject.book.code, account=subject.code)
        return context

    def lookup(self, request: HttpRequest) -> JsonResponse:
        """Accounts of a book whose code, path or name holds a text, as JSON: what a combobox offers."""
        if not self.has_view_permission(request):
            return JsonResponse({"results": []}, status=403)
        text = request.GET.get("q", "").strip()
        found = scope.narrowed(Account.objects.using(READER)).filter(book__code=request.GET.get("book", ""))
        accounts = found.select_related("asset")
        if request.GET.get("exact"):
            accounts = accounts.filter(code=text)
        else:
            matches = Q(code__icontains=text) | Q(path__icontains=text) | Q(name__icontains=text)
            accounts = accounts.filter(matches, status=AccountStatus.OPEN)
        return JsonResponse({"results": [_found(account) for account in accounts.order_by("code")[:FOUND]]})

    @staticmethod
    def _limits(request: HttpRequest, account: Account) -> list[tuple[str, str]]:
        if not request.user.has_perm("ledger.view_rolelimit"):
            return []
        limits = RoleLimit.objects.filter(account=account)
        labels = {"hold": _("larger transfers are held"), "refuse": _("larger transfers are refused")}
        return [
            (shown.page("rolelimit", limit.pk), f"{_amount(account, limit.maximum)}: {labels[limit.verdict]}")
            for limit in limits
        ]

    @admin.display(description=gettext_lazy("status"))
    def state(self, account: Account) -> SafeString:
        """The status in its colour."""
        return shown.status(account.status, account.get_status_display())

    @admin.display(description=gettext_lazy("asset"))
    def asset_code(self, account: Account) -> str:
        """The asset."""
        return account.asset.code

    @admin.display(description=gettext_lazy("normal side"))
    def side(self, account: Account) -> str:
        """The side on which it grows."""
        return account.get_normal_side_display()

    @admin.display(description=gettext_lazy("book"))
    def book_link(self, account: Account) -> SafeString:
        """The book's chart of accounts."""
        url = f"{reverse('admin:ledger_account_tree')}?book={account.book.code}"
        return format_html('<a href="{}">{}</a>', url, account.book)

    @admin.display(description=gettext_lazy("posted"))
    def posted(self, account: Account) -> str:
        """What was posted."""
        return _amount(account, account.balance.posted)

    @admin.display(description=gettext_lazy("pending"))
    def pending(self, account: Account) -> str:
        """What holds may yet bring and take away."""
        parts = (("+", account.balance.pending_in), ("\N{MINUS SIGN}", account.balance.pending_out))
        return " ".join(sign + _amount(account, value) for sign, value in parts if value) or shown.DASH

    @admin.display(description=gettext_lazy("pending in"))
    def pending_in(self, account: Account) -> str:
        """What holds may yet bring."""
        return _amount(account, account.balance.pending_in)

    @admin.display(description=gettext_lazy("pending out"))
    def pending_out(self, account: Account) -> str:
        """What holds may yet take away."""
        return _amount(account, account.balance.pending_out)

    @admin.display(description=gettext_lazy("available"))
    def available(self, account: Account) -> str:
        """What may be spent before the floor."""
        return _amount(account, account.balance.available)

    @admin.display(description=gettext_lazy("floor"))
    def floor(self, account: Account) -> str:
        """What the available balance never falls below."""
        floor = account.balance.floor
        return _("None: it may be overdrawn") if floor is None else _amount(account, floor)


def _amount(account: Account, value: Any) -> str:
    return shown.amount(value, account.asset.places)


def _leg(account: Account, leg: Leg) -> dict[str, Any]:
    debits = leg.side == Side.DEBIT
    other = leg.credit_account_id if debits else leg.debit_account_id
    amount = _amount(account, leg.amount)
    return {
        "url": shown.page("transfer", leg.pk),
        "posted_at": leg.posted_at,
        "other": shown.account_link(account_of(leg, other), other),
        "kind": leg.get_kind_display(),
        "reference": leg.reference,
        "debit": amount if debits else "",
        "credit": "" if debits else amount,
        "balance": _amount(account, leg.balance),
    }


def _found(account: Account) -> dict[str, str | int | UUID]:
    return {
        "code": account.code,
        "path": account.path,
        "name": account.name,
        "asset": account.asset.code,
        "places": account.asset.places,
    }
