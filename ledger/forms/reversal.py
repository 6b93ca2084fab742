"""How much of each transfer of a journal to reverse."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _

from ledger.forms.fields import AmountField, AmountInput, ReasonForm
from ledger.selectors.reversible import Reversible
from qenex.kernel.ids import uuid7
from qenex.kernel.money import format_units, from_decimal


class ReversalForm(ReasonForm):
    """An amount for each transfer with something left, all of it at first; nothing leaves a transfer as it is."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        transfers: Sequence[Reversible],
        places: Mapping[UUID, int],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.transfers = [each for each in transfers if each.left]
        for each in self.transfers:
            left = format_units(from_decimal(each.left), places.get(each.transfer.asset_id, 0))
            label = _("Amount to reverse of %(left)s") % {"left": left}
            field = AmountField(label=label, required=False, initial=left, widget=AmountInput({"aria-label": label}))
            self.fields[self.name(each)] = field

    @staticmethod
    def name(each: Reversible) -> str:
        """The name of a transfer's field."""
        return f"amount-{each.transfer.pk}"

    def clean(self) -> dict[str, Any]:
        """Sees to it that something is reversed, and nothing for more than is left."""
        cleaned = self.cleaned_data
        for each in self.transfers:
            if (cleaned.get(self.name(each)) or Decimal(0)) > each.left:
                self.add_error(self.name(each), _("More than what is left."))
        if self.transfers and not self.errors and not self.amounts():
            self.add_error(None, _("Nothing would be reversed: enter an amount."))
        return cleaned

    def amounts(self) -> dict[UUID, Decimal]:
        """The amounts by transfer, without those left as they are."""
        given = {each.transfer.pk: self.cleaned_data.get(self.name(each)) for each in reversed(self.transfers)}
        return {id: amount for id, amount in given.items() if amount}
