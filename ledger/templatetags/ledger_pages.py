"""What the start page says of the ledger."""

from typing import Any

from django import template
from django.urls import reverse

from ledger.models import Book
from ledger.selectors.summaries import CAP, book_summaries
from qenex.kernel import scope

register = template.Library()

READER = "reader"
SHOWN = 20
"""Books on the start page; the list has them all."""


@register.inclusion_tag("ledger/admin/start.html", takes_context=True)
def ledger_start(context: dict[str, Any]) -> dict[str, Any]:
    """Each book with a few numbers and the ways into it. Two queries."""
    perms = context["perms"]
    if "ledger.view_book" not in perms:
        return {"allowed": False}
    books = list(scope.narrowed(Book.objects.using(READER), "pk").order_by("code")[: SHOWN + 1])
    summaries = book_summaries([book.pk for book in books], using=READER) if books else {}
    return {
        "allowed": True,
        "books": [(book, summaries[book.pk], _ways(book.code)) for book in books[:SHOWN]],
        "more": len(books) > SHOWN,
        "cap": CAP,
        "perms": perms,
    }


def _ways(code: str) -> dict[str, str]:
    names = {
        "chart": "admin:ledger_account_tree",
        "accounts": "admin:ledger_account_changelist",
        "transfers": "admin:ledger_transfer_changelist",
        "journals": "admin:ledger_journal_changelist",
        "write": "admin:ledger_journal_add",
        "holds": "admin:ledger_hold_changelist",
        "trial": "admin:ledger_trial_balance",
    }
    return {key: f"{reverse(name)}?book={code}" for key, name in names.items()}
