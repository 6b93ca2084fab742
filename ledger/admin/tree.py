"""The chart of accounts of a book as a tree."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from ledger.admin import shown
from ledger.admin.lists import TooSlow, patience
from ledger.admin.pages import ReadPage
from ledger.forms.filters import READER, FilterForm
from ledger.models import Asset, Book
from ledger.selectors import AccountNode, Subtotal, account_tree

DEPTH = 4
"""Levels shown at once; what lies deeper is a link away."""
WIDTH = 100
"""Accounts and branches shown of one branch; the list has them all."""


class ChartFilter(FilterForm):
    """Which book's chart, and from where on."""

    under = forms.CharField(required=False, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class Entry:
    """One account, ready to be shown."""

    url: str
    label: str
    name: str
    status: str
    asset: str
    balance: str
    negative: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch, ready to be shown."""

    segment: str
    count: int
    subtotals: list[Entry]
    entries: list[Entry]
    branches: list["Branch"]
    more: str | None
    """The address of what is not shown here."""
    open: bool

    @property
    def is_leaf(self) -> bool:
        """Whether there is nothing to unfold but accounts of this very path."""
        return not self.branches and not self.more


class ChartPage(ReadPage):
    """GET shows the tree."""

    heading = _("Chart of accounts")
    permission = "ledger.view_account"
    template_name = "ledger/admin/tree.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The tree of the chosen book."""
        form = ChartFilter(request.GET)
        book = form.chosen_book if form.is_valid() else None
        context: dict[str, Any] = {"form": form, "book": book, "branches": [], "too_slow": False}
        if book is not None:
            try:
                context |= self._chart(book, form.cleaned_data["under"])
            except TooSlow:
                context["too_slow"] = True
        return self.show(context)

    @staticmethod
    def _chart(book: Book, under: str) -> dict[str, Any]:
        with patience(READER):
            places = dict(Asset.objects.using(READER).values_list("code", "places"))
            nodes = account_tree(book, under=under, depth=DEPTH, using=READER)
        steps = under.split(":") if under else []
        trail = [(step, branch_url(book, ":".join(steps[: place + 1]))) for place, step in enumerate(steps)]
        branches = [_branch(book, places, node, level=1) for node in nodes]
        return {
            "branches": branches,
            "trail": trail,
            "list_url": shown.listing("account", book=book.code, under=under),
        }


def branch_url(book: Book, path: str) -> str:
    """The tree from a branch on."""
    return f"{reverse('admin:ledger_account_tree')}?{urlencode({'book': book.code, 'under': path})}"


def _branch(book: Book, places: dict[str, int], node: AccountNode, level: int) -> Branch:
    entries = [
        Entry(
            shown.page("account", account.id),
            account.code if account.code != node.path else node.segment,
            account.name,
            account.status,
            *_money(places, account.asset, account.balance),
        )
        for account in node.accounts[:WIDTH]
    ]
    branches = [_branch(book, places, child, level + 1) for child in node.children[:WIDTH]]
    hidden = len(node.accounts) > WIDTH or len(node.children) > WIDTH
    below = node.count > len(node.accounts) and not node.children
    more = shown.listing("account", book=book.code, under=node.path) if hidden else None
    if below:
        more = branch_url(book, node.path)
    subtotals = [_subtotal(places, each) for each in node.subtotals]
    return Branch(node.segment, node.count, subtotals, entries, branches, more, open=level <= 2 and not hidden)


def _subtotal(places: dict[str, int], subtotal: Subtotal) -> Entry:
    return Entry("", "", "", "", *_money(places, subtotal.asset, subtotal.balance))


def _money(places: dict[str, int], asset: str, balance: Decimal) -> tuple[str, str, bool]:
    return asset, shown.amount(balance, places.get(asset, 0)), balance < 0
