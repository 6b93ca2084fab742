"""Journals: transfers that stand or fall together, how they are written, and how they are reversed."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from ledger.admin import shown
from ledger.admin.base import LedgerAdmin
from ledger.admin.entry import WriteJournal
from ledger.admin.reversal import ReverseJournal
from ledger.admin.transfers import account_of, name_accounts, places_of, short
from ledger.choices import JournalKind
from ledger.forms.filters import READER, JournalsFilter
from ledger.models import Book, Journal
from ledger.selectors.reversible import Reversible, journal_transfers

SHOWN = 200


@admin.register(Journal)
class JournalAdmin(LedgerAdmin[Journal]):
    """Entries, exchanges and reversals."""

    keyset = ("-posted_at",)
    filter_form = JournalsFilter
    list_display = ("posted_at", "kind", "reference", "description_short", "reverses", "number")
    fields = (
        "posted_at",
        "kind",
        "book_code",
        "reference",
        "description",
        "reverses",
        "reversals",
        "rate",
        "metadata",
        "id",
    )
    readonly_fields = (
        "book_code",
        "reverses",
        "reversals",
        *("posted_at", "kind", "reference", "description"),
        *("rate", "metadata", "id"),
    )
    change_form_template = "ledger/admin/journal.html"
    event_subject = "journal"
    add_page = WriteJournal
    commands = {"reverse": ReverseJournal}

    def get_fields(self, request: HttpRequest, obj: Journal | None = None) -> Any:
        """Only what the journal has."""
        empty = {"rate", "metadata", "reverses"} - {name for name in ("rate", "metadata") if obj and getattr(obj, name)}
        if obj and obj.reverses_id:
            empty.discard("reverses")
        return [name for name in self.fields if name not in empty]

    def page_context(self, request: HttpRequest, subject: Journal) -> dict[str, Any]:
        """The journal's transfers."""
        found = journal_transfers(subject.pk, limit=SHOWN + 1)
        name_accounts([each.transfer for each in found], "default")
        book = Book.objects.get(pk=subject.book_id)
        return {
            "lines": [_line(each) for each in found[:SHOWN]],
            "more": len(found) > SHOWN,
            "transfers_url": shown.listing("transfer", book=book.code, journal=subject.pk),
        }

    @admin.display(description=gettext_lazy("description"))
    def description_short(self, journal: Journal) -> str:
        """The beginning of the description."""
        text = journal.description
        return f"{text[:80]}\N{HORIZONTAL ELLIPSIS}" if len(text) > 80 else text

    @admin.display(description=gettext_lazy("reverses"))
    def reverses(self, journal: Journal) -> str:
        """The journal that it reverses."""
        return _link(journal.reverses_id) if journal.reverses_id else ""

    @admin.display(description=gettext_lazy("reversed by"))
    def reversals(self, journal: Journal) -> str:
        """The journals that reverse it."""
        found = Journal.objects.filter(reverses_id=journal.pk, kind=JournalKind.REVERSAL).order_by("posted_at")
        return SafeString(", ".join(_link(id) for id in found.values_list("pk", flat=True)[:20])) or shown.DASH

    @admin.display(description=gettext_lazy("number"))
    def number(self, journal: Journal) -> str:
        """The end of the id."""
        return short(journal.pk)

    @admin.display(description=gettext_lazy("book"))
    def book_code(self, journal: Journal) -> str:
        """The book."""
        return str(Book.objects.using(READER).get(pk=journal.book_id))


def _link(id: UUID) -> SafeString:
    return format_html('<a href="{}">{}</a>', shown.page("journal", id), short(id))


def _line(each: Reversible) -> dict[str, Any]:
    transfer = each.transfer
    places, account = places_of(transfer), account_of(transfer, transfer.debit_account_id)
    return {
        "transfer": transfer,
        "url": shown.page("transfer", transfer.pk),
        "debit": shown.account_link(account, transfer.debit_account_id),
        "credit": shown.account_link(account_of(transfer, transfer.credit_account_id), transfer.credit_account_id),
        "amount": shown.amount(transfer.amount, places),
        "reversed": shown.nonzero(each.reversed, places),
        "asset": account.asset.code if account else shown.DASH,
    }
