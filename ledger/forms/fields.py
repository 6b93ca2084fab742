"""Fields that staff type amounts and accounts into."""

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from ledger.models import Book
from qenex.kernel import scope
from qenex.kernel.money import SCALE, AmountProblem, parse, to_decimal

_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", re.ASCII)
_BLANKS = re.compile(r"[\s_']")


class AmountInput(forms.TextInput):
    """A text input for an amount: number inputs round, and turn with the wheel."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", "class": "amount-input", **(attrs or {})})


class AmountField(forms.Field):
    """An exact amount; commas and blanks between thousands are ignored. Its value is a Decimal, or None when empty."""

    widget = AmountInput

    def __init__(self, *, signed: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.signed = signed

    def to_python(self, value: Any) -> Decimal | None:
        """The amount. Raises ValidationError."""
        text = _BLANKS.sub("", str(value or ""))
        if not text:
            return None
        negative = self.signed and text[0] in "-\N{MINUS SIGN}"
        plain = text[1:] if negative else text
        if _GROUPED.fullmatch(plain):
            plain = plain.replace(",", "")
        try:
            units = parse(plain, SCALE)
        except AmountProblem as problem:
            raise ValidationError(str(problem).capitalize() + ".", code="amount") from problem
        return to_decimal(-units if negative else units)


class AccountInput(forms.TextInput):
    """A text input for an account's code, which a script turns into a combobox that looks accounts up."""

    def __init__(self, attrs: dict[str, Any] | None = None, *, book_field: str = "id_book") -> None:
        given = {"autocomplete": "off", "class": "account-input", "data-book-field": book_field, "spellcheck": "false"}
        super().__init__({**given, **(attrs or {})})


class AccountField(forms.CharField):
    """The code of an account in the form's book."""

    widget = AccountInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 64, "label": _("account"), **kwargs})


if TYPE_CHECKING:
    ModelChoiceField = forms.ModelChoiceField[Book]
else:
    ModelChoiceField = forms.ModelChoiceField


class BookField(ModelChoiceField):
    """A choice among the books in reach of whoever is acting, by their codes."""

    def __init__(self, **kwargs: Any) -> None:
        books = Book.objects.order_by("code")
        super().__init__(**{"queryset": books, "to_field_name": "code", "label": _("Book"), **kwargs})

    def __deepcopy__(self, memo: dict[int, Any]) -> "BookField":
        """Each form has its own copy: made within a request, it knows who is acting."""
        copy = super().__deepcopy__(memo)
        copy.queryset = scope.narrowed(Book.objects.order_by("code"), "pk")
        return copy


class DayField(forms.DateField):
    """A day in a calendar's reach, with the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        limits = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31))]
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(**{"widget": widget, "validators": limits, **kwargs})


class ReasonForm(forms.Form):
    """A form of a command that must be explained; the reason goes into the event."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It is kept in the event log for ever."),
    )
