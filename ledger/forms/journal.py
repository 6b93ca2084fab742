"""The journal form: a head, and as many debit and credit lines as it takes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.choices import Side
from ledger.domain.decompose import Line
from ledger.forms.fields import AccountField, AmountField, BookField, DayField
from ledger.models import Account, Book
from qenex.kernel.ids import uuid7
from qenex.kernel.money import from_decimal, quantum

MAX_LINES = 300
"""More than anybody types; larger journals come through the API or a file."""
FIRST_LINES = 4
MORE_LINES = 5


class JournalForm(forms.Form):
    """The head of a journal."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)
    previewed = forms.CharField(widget=forms.HiddenInput, required=False)
    book = BookField(empty_label=None)
    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Such as the number of the receipt."),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    value_date = DayField(
        label=gettext_lazy("Value date"), required=False, help_text=gettext_lazy("The day of the posting unless given.")
    )
    code = forms.IntegerField(
        label=gettext_lazy("Code"),
        min_value=0,
        max_value=2**31 - 1,
        initial=1,
        help_text=gettext_lazy("Your number for the reason of the movement."),
    )


class LineForm(forms.Form):
    """One line: an account and an amount on one of the two sides."""

    use_required_attribute = False
    account = AccountField(label=gettext_lazy("Account"))
    debit = AmountField(label=gettext_lazy("Debit"), required=False)
    credit = AmountField(label=gettext_lazy("Credit"), required=False)
    found: Account | None = None

    def clean(self) -> dict[str, Any]:
        """Sees to it that there is one amount, and that it is more than nothing."""
        cleaned = self.cleaned_data
        given = [side for side in ("debit", "credit") if cleaned.get(side) is not None]
        if len(given) == 2:
            self.add_error("credit", _("A line has a debit or a credit, not both."))
        elif not given and not self.errors:
            self.add_error("debit", _("The amount is missing."))
        elif given and not cleaned[given[0]]:
            self.add_error(given[0], _("The amount must be more than zero."))
        return cleaned

    @property
    def side(self) -> str:
        """The name of the field with the amount."""
        return "credit" if self.cleaned_data.get("credit") is not None else "debit"

    @property
    def filled(self) -> bool:
        """Whether there is anything on the line."""
        return self.has_changed()

    def settle(self, account: Account | None) -> None:
        """Takes the account that the code means, and checks the amount against its asset."""
        self.found = account
        if account is None:
            self.add_error("account", _("The book has no account of this code."))
            return
        self.fields["account"].widget.attrs |= _asset_of(account)
        amount = self.cleaned_data.get(self.side)
        if amount is not None and from_decimal(amount) % quantum(account.asset.places):
            message = _("%(asset)s has %(places)d decimal places.")
            self.add_error(self.side, message % {"asset": account.asset.code, "places": account.asset.places})

    def line(self) -> Line:
        """The line as rules read it. The form is valid and settled."""
        assert self.found is not None
        amount: Decimal = self.cleaned_data[self.side]
        side = Side.DEBIT if self.side == "debit" else Side.CREDIT
        return Line(self.found.pk, self.found.asset_id, side, from_decimal(amount))


if TYPE_CHECKING:
    FormSet = BaseFormSet[LineForm]
else:
    FormSet = BaseFormSet


class LinesBase(FormSet):
    """The lines of a journal."""

    @property
    def filled(self) -> list[LineForm]:
        """The lines that have something on them; empty ones do not count."""
        return [form for form in self.forms if form.filled]

    def settle(self, book: Book) -> bool:
        """Finds the accounts of the book by their codes, in one query; whether every line stands."""
        codes = {form.cleaned_data["account"] for form in self.filled if form.cleaned_data.get("account")}
        accounts = {
            account.code: account
            for account in Account.objects.filter(book=book, code__in=codes).select_related("asset", "balance")
        }
        for form in self.filled:
            if form.cleaned_data.get("account"):
                form.settle(accounts.get(form.cleaned_data["account"]))
        return all(not form.errors for form in self.filled)


LineFormSet = formset_factory(LineForm, formset=LinesBase, extra=0, max_num=MAX_LINES, absolute_max=MAX_LINES)


class Totals(NamedTuple):
    """An asset's sums of both sides, in units."""

    code: str
    places: int
    debit: int
    credit: int


def lines_form(data: Mapping[str, Any] | None = None, count: int = FIRST_LINES) -> LinesBase:
    """The lines as they were sent, or so many empty ones."""
    lines = LineFormSet(prefix="lines", data=_management(count) if data is None else data)
    assert isinstance(lines, LinesBase)
    return lines


def with_more(data: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, with a few empty lines more."""
    try:
        count = int(data.get("lines-TOTAL_FORMS", FIRST_LINES))
    except ValueError:
        count = FIRST_LINES
    return {**dict(data.items()), **_management(min(count + MORE_LINES, MAX_LINES))}


def totals(lines: list[LineForm]) -> list[Totals]:
    """The sums by asset, in the order in which assets appear."""
    sums: dict[UUID, Totals] = {}
    for form in lines:
        line, account = form.line(), form.found
        assert account is not None
        before = sums.get(line.asset) or Totals(account.asset.code, account.asset.places, 0, 0)
        debit, credit = (line.amount, 0) if line.side == Side.DEBIT else (0, line.amount)
        sums[line.asset] = before._replace(debit=before.debit + debit, credit=before.credit + credit)
    return list(sums.values())


def _management(count: int) -> dict[str, str]:
    limits = {"lines-MIN_NUM_FORMS": "0", "lines-MAX_NUM_FORMS": str(MAX_LINES)}
    return {"lines-TOTAL_FORMS": str(count), "lines-INITIAL_FORMS": "0", **limits}


def _asset_of(account: Account) -> dict[str, str]:
    return {"data-asset": account.asset.code, "data-places": str(account.asset.places), "data-name": account.name}
