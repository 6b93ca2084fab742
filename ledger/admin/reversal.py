"""The page that reverses a journal, whole or in part."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy, ngettext

from ledger import services
from ledger.admin import shown
from ledger.admin.commands import CommandPage
from ledger.admin.transfers import account_of, name_accounts, places_of
from ledger.choices import JournalKind
from ledger.forms.reversal import ReversalForm
from ledger.models import Journal
from ledger.selectors.reversible import Reversible, journal_transfers

EDITABLE = 300
"""A journal with more transfers is reversed as a whole only."""


class ReverseJournal(CommandPage):
    """Lists what is left of each transfer, and posts the other way round as much of it as was entered."""

    label = gettext_lazy("Reverse")
    submit = gettext_lazy("Post the reversal")
    permission = "ledger.reverse_journal"
    approval_command = "ledger.journal.reverse"
    step_up = True
    form_class = ReversalForm
    template_name = "ledger/admin/reversal.html"
    danger = True

    @classmethod
    def available(cls, subject: Journal) -> bool:
        """All but reversals, which are not reversed again."""
        return subject.kind != JournalKind.REVERSAL

    @cached_property
    def transfers(self) -> list[Reversible]:
        """The journal's transfers; one more than can be edited tells that there are too many."""
        found = journal_transfers(self.subject.pk, limit=EDITABLE + 1)
        name_accounts([each.transfer for each in found], "default")
        return found

    @property
    def whole_only(self) -> bool:
        """Whether there are too many transfers for an amount each."""
        return len(self.transfers) > EDITABLE

    def form_arguments(self) -> dict[str, Any]:
        """The transfers."""
        shown_transfers = [] if self.whole_only else self.transfers
        places: dict[UUID, int] = {each.transfer.asset_id: places_of(each.transfer) for each in shown_transfers}
        return {"transfers": shown_transfers, "places": places}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls journal_reverse."""
        amounts = None if self.whole_only else self.form.amounts()
        reversal, results = services.journal_reverse(
            journal=self.subject.pk, reason=data["reason"], amounts=amounts, id=data["id"]
        )
        count = len(results)
        said = ngettext(
            "The reversal was posted: one transfer.", "The reversal was posted: %(count)d transfers.", count
        )
        return shown.page("journal", reversal), said % {"count": count}

    def context(self) -> dict[str, Any]:
        """The table of transfers, each with its field."""
        rows = [] if self.whole_only else [self._row(each) for each in self.transfers]
        return {"rows": rows, "whole_only": self.whole_only, "nothing_left": not any(e.left for e in self.transfers)}

    def _row(self, each: Reversible) -> dict[str, Any]:
        transfer, places = each.transfer, places_of(each.transfer)
        debit, credit = (account_of(transfer, id) for id in (transfer.debit_account_id, transfer.credit_account_id))
        return {
            "debit": debit,
            "credit": credit,
            "asset": debit.asset.code if debit else "",
            "amount": shown.amount(transfer.amount, places),
            "reversed": shown.nonzero(each.reversed, places),
            "left": shown.nonzero(each.left, places),
            "field": self.form[ReversalForm.name(each)] if each.left else None,
        }
