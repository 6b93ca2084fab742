"""One form a list, in place of a column of single filters: it says what may be looked for, by index where possible."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _

from ledger.choices import AccountStatus, AccountType, HoldStatus, JournalKind, TransferKind
from ledger.forms.fields import AccountField, AmountField, DayField
from ledger.models import Account, Asset, Book
from ledger.selectors import transfers_of_account
from qenex.kernel import scope

READER = "reader"
ALL = ("", _("All"))
Choice = tuple[str, Any]


class FilterForm(forms.Form):
    """Query parameters of a list. The book is always given: the first one unless another is chosen."""

    use_required_attribute = False
    nothing: Any = ""
    """What an empty list says where nothing but the book narrows it; the list's own words unless given."""
    book = forms.ChoiceField(label=_("Book"))

    def __init__(self, data: Mapping[str, Any]) -> None:
        reached = scope.narrowed(Book.objects.using(READER), "pk")
        self.books = {book.code: book for book in reached.order_by("code")}
        given = {name: data.get(name, "") for name in self.base_fields}
        given["book"] = given["book"] or next(iter(self.books), "")
        super().__init__(given, label_suffix="")
        self._choices("book", [(code, f"{code} \N{EN DASH} {book.name}") for code, book in self.books.items()])

    @property
    def chosen_book(self) -> Book | None:
        """The book that the list shows; none where there is none."""
        return self.books.get(self.data["book"])

    @property
    def in_use(self) -> bool:
        """Whether anything but the book narrows the list."""
        return any(value for name, value in self.data.items() if name != "book")

    def narrow(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that were asked for. The form is valid."""
        return queryset.filter(book_id=self.books[self.cleaned_data["book"]].pk, **self.lookups())

    def lookups(self) -> dict[str, Any]:
        """What else the rows are to fulfil."""
        return {}

    def given(self, **names: str) -> dict[str, Any]:
        """Look-up → value, for those of the fields that were filled in."""
        values = {lookup: self.cleaned_data.get(field) for lookup, field in names.items()}
        return {lookup: value for lookup, value in values.items() if value not in (None, "")}

    def _choices(self, name: str, choices: list[Choice]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class AssetFilterMixin(FilterForm):
    """Adds the asset."""

    asset = forms.ChoiceField(label=_("Asset"), required=False)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self.assets = {asset.code: asset for asset in Asset.objects.using(READER).order_by("code")}
        self._choices("asset", [ALL, *((code, code) for code in self.assets)])

    def lookups(self) -> dict[str, Any]:
        """The asset."""
        code = self.cleaned_data.get("asset")
        return {**super().lookups(), **({"asset_id": self.assets[code].pk} if code else {})}


class AccountFilterMixin(FilterForm):
    """Adds an account by its code."""

    account = AccountField(required=False, label=_("Account"))
    found_account: Account | None = None

    def clean(self) -> dict[str, Any]:
        """Finds the account in the book."""
        cleaned = self.cleaned_data
        if cleaned.get("account") and cleaned.get("book"):
            accounts = Account.objects.using(READER).select_related("asset")
            book = self.books[cleaned["book"]]
            self.found_account = accounts.filter(book=book, code=cleaned["account"]).first()
            if self.found_account is None:
                self.add_error("account", _("The book has no account of this code."))
        return cleaned


class DaysFilterMixin(FilterForm):
    """Adds the first and the last day of posting, both included."""

    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("To"), required=False)
    moment = "posted_at"

    def lookups(self) -> dict[str, Any]:
        """The moments of the days."""
        days = {}
        if since := self.cleaned_data.get("since"):
            days[f"{self.moment}__gte"] = midnight(since)
        if until := self.cleaned_data.get("until"):
            days[f"{self.moment}__lt"] = midnight(until + timedelta(days=1))
        return {**super().lookups(), **days}


class AccountsFilter(AssetFilterMixin):
    """Of the list of accounts."""

    q = forms.CharField(label=_("Search"), required=False, widget=forms.TextInput(attrs={"type": "search"}))
    under = forms.CharField(label=_("Branch"), required=False)
    type = forms.ChoiceField(label=_("Type"), required=False, choices=[ALL, *AccountType.choices])
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[ALL, *AccountStatus.choices])

    def narrow(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Accounts of a branch of the chart, with a text in their code, path, name or owner."""
        found = super().narrow(queryset)
        if under := self.cleaned_data["under"]:
            found = found.filter(Q(path=under) | Q(path__startswith=f"{under}:"))
        if text := self.cleaned_data["q"]:
            columns = ("code", "path", "name", "owner_ref")
            found = found.filter(Q(*((f"{name}__icontains", text) for name in columns), _connector=Q.OR))
        return found

    def lookups(self) -> dict[str, Any]:
        """Type and status."""
        return {**super().lookups(), **self.given(type="type", status="status")}


class TransfersFilter(AccountFilterMixin, AssetFilterMixin, DaysFilterMixin):
    """Of the list of transfers."""

    field_order = ("book", "account", "asset", "since", "until", "least", "most", "code", "kind", "journal")
    least = AmountField(label=_("At least"), required=False)
    most = AmountField(label=_("At most"), required=False)
    code = forms.IntegerField(label=_("Code"), required=False, min_value=0, max_value=2**31 - 1)
    kind = forms.TypedChoiceField(
        label=_("Kind"), required=False, choices=[ALL, *TransferKind.choices], coerce=int, empty_value=None
    )
    journal = forms.UUIDField(label=_("Journal"), required=False)

    def narrow(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """With an account, its legs: the two history indexes are merged instead of sorted."""
        if self.found_account is not None:
            queryset = transfers_of_account(self.found_account.pk, using=READER)
        return super().narrow(queryset)

    def lookups(self) -> dict[str, Any]:
        """Amounts, code, kind and journal."""
        given = self.given(amount__gte="least", amount__lte="most", code="code", kind="kind", journal_id="journal")
        return {**super().lookups(), **given}


class JournalsFilter(DaysFilterMixin):
    """Of the list of journals."""

    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[ALL, *JournalKind.choices])
    reference = forms.CharField(label=_("Reference"), required=False)

    def lookups(self) -> dict[str, Any]:
        """Kind and reference."""
        return {**super().lookups(), **self.given(kind="kind", reference="reference")}


class HoldsFilter(AccountFilterMixin, AssetFilterMixin):
    """Of the list of holds: the open ones unless told otherwise."""

    field_order = ("book", "status", "account", "asset")
    nothing = _("There are no open holds.")
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[*HoldStatus.choices, ("any", _("All"))])

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__({**dict(data.items()), "status": data.get("status") or HoldStatus.OPEN})

    @property
    def in_use(self) -> bool:
        """Whether anything but the book and open holds was asked for."""
        return self.data["status"] != HoldStatus.OPEN or any(self.data[name] for name in ("account", "asset"))

    def narrow(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Holds on either side of an account."""
        found = super().narrow(queryset)
        if self.found_account is not None:
            account: UUID = self.found_account.pk
            found = found.filter(Q(debit_account_id=account) | Q(credit_account_id=account))
        return found

    def lookups(self) -> dict[str, Any]:
        """The status."""
        status = self.cleaned_data.get("status")
        return {**super().lookups(), **({} if status == "any" else {"status": status or HoldStatus.OPEN})}


def midnight(day: date) -> datetime:
    """The moment at which a day begins."""
    return make_aware(datetime.combine(day, time()))
