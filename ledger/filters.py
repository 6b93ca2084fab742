"""The filters of the ledger's lists."""

from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from ledger.choices import (
    AccountStatus,
    AccountType,
    AssetKind,
    BookStatus,
    HoldStatus,
    JournalKind,
    Side,
    TransferKind,
)
from ledger.models import Account, Asset, Book, Hold, Journal, RoleLimit
from ledger.references import find_asset, find_book
from qenex.kernel import scope
from qenex.kernel.filters import MomentFilter
from qenex.kernel.money import AmountProblem, parse, to_decimal

KINDS: dict[int, str] = {
    TransferKind.POSTED: "posted",
    TransferKind.HOLD: "hold",
    TransferKind.HOLD_POST: "hold_post",
    TransferKind.HOLD_VOID: "hold_void",
    TransferKind.HOLD_EXPIRE: "hold_expire",
    TransferKind.REVERSAL: "reversal",
    TransferKind.HOLD_PART: "hold_part",
}
"""The kinds of transfers by the words that the API has for them."""
KIND_WORDS = list(KINDS.values())
KIND_WORDS_IN = ["posted", "hold", "hold_post", "hold_void"]
"""What a client may ask for."""
SIDES: dict[int, str] = {Side.DEBIT: "debit", Side.CREDIT: "credit"}
SIDE_WORDS = list(SIDES.values())


class BookChoice(forms.CharField):
    """A book by id or code."""

    def clean(self, value: Any) -> Any:
        """The id. Raises ValidationError."""
        text = super().clean(value)
        if not text:
            return None
        id = find_book(text)
        if id is None or not scope.allows(id):
            raise forms.ValidationError("There is no such book.", code="book_not_found")
        return id


class AssetChoice(forms.CharField):
    """An asset by id or code."""

    def clean(self, value: Any) -> Any:
        """The id. Raises ValidationError."""
        text = super().clean(value)
        if not text:
            return None
        asset = find_asset(text)
        if asset is None:
            raise forms.ValidationError("There is no such asset.", code="asset_not_found")
        return asset.pk


class AmountText(forms.CharField):
    """A plain decimal number."""

    def clean(self, value: Any) -> Any:
        """The Decimal. Raises ValidationError."""
        text = super().clean(value)
        return _decimal(text) if text else None


def _decimal(text: str) -> Decimal:
    try:
        return to_decimal(parse(text))
    except AmountProblem as problem:
        reason = str(problem)
        raise forms.ValidationError(f"{reason[:1].upper()}{reason[1:]}.", code="format") from None


class BookFilter(django_filters.CharFilter):  # type: ignore[misc]  # the package has no types
    field_class = BookChoice


class AssetFilter(django_filters.CharFilter):  # type: ignore[misc]  # the package has no types
    field_class = AssetChoice


class AmountFilter(django_filters.CharFilter):  # type: ignore[misc]  # the package has no types
    field_class = AmountText


class WholeFilter(django_filters.NumberFilter):  # type: ignore[misc]  # the package has no types
    field_class = forms.IntegerField


class BookFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    code = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=BookStatus.choices)

    class Meta:
        model = Book
        fields: list[str] = []


class AssetFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    code = django_filters.CharFilter()
    kind = django_filters.ChoiceFilter(choices=AssetKind.choices)

    class Meta:
        model = Asset
        fields: list[str] = []


class AccountFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    book = BookFilter("book_id", label="The id or the code of a book.")
    asset = AssetFilter("asset_id", label="The id or the code of an asset.")
    type = django_filters.ChoiceFilter(choices=AccountType.choices)
    status = django_filters.ChoiceFilter(choices=AccountStatus.choices)
    code = django_filters.CharFilter()
    owner_ref = django_filters.CharFilter()
    path = django_filters.CharFilter(method="below", label="A place in the chart, with everything below it.")

    class Meta:
        model = Account
        fields: list[str] = []

    def below(self, queryset: QuerySet[Account], name: str, value: str) -> QuerySet[Account]:
        """The accounts at this place of the chart and below it."""
        return queryset.filter(Q(path=value) | Q(path__startswith=f"{value}:"))


class MovementFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    """What transfers, and the legs of an account, are found by."""

    since = MomentFilter("posted_at", "gte", label="Posted at this moment or later.")
    until = MomentFilter("posted_at", "lt", label="Posted before this moment.")
    value_from = django_filters.DateFilter("value_date", "gte", label="The first value date.")
    value_to = django_filters.DateFilter("value_date", "lte", label="The last value date.")
    amount_min = AmountFilter("amount", "gte", label="The smallest amount.")
    amount_max = AmountFilter("amount", "lte", label="The largest amount.")
    code = WholeFilter(min_value=0, max_value=2**31 - 1)
    kind = django_filters.TypedChoiceFilter(
        choices=[(name, name) for name in KIND_WORDS],
        coerce={name: number for number, name in KINDS.items()}.get,
    )
    reference = django_filters.CharFilter()


class TransferFilters(MovementFilters):
    book = BookFilter("book_id", required=True, label="The id or the code of a book.")
    account = django_filters.UUIDFilter("account_id", label="An account that is debited or credited.")
    asset = AssetFilter("asset_id", label="The id or the code of an asset.")
    journal = django_filters.UUIDFilter("journal_id", label="The journal that it belongs to.")
    origin = django_filters.UUIDFilter("origin_id", label="The hold or the transfer that it acts on.")


class JournalFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    book = BookFilter("book_id", required=True, label="The id or the code of a book.")
    kind = django_filters.ChoiceFilter(choices=JournalKind.choices)
    reference = django_filters.CharFilter()
    reverses = django_filters.UUIDFilter("reverses_id", label="The journal that it reverses.")
    since = MomentFilter("posted_at", "gte", label="Posted at this moment or later.")
    until = MomentFilter("posted_at", "lt", label="Posted before this moment.")

    class Meta:
        model = Journal
        fields: list[str] = []


class HoldFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    book = BookFilter("book_id", required=True, label="The id or the code of a book.")
    account = django_filters.UUIDFilter(method="touching", label="The account that is debited or credited.")
    asset = AssetFilter("asset_id", label="The id or the code of an asset.")
    status = django_filters.ChoiceFilter(choices=HoldStatus.choices)
    expires_before = MomentFilter("expires_at", "lt", label="Expires before this moment.")

    class Meta:
        model = Hold
        fields: list[str] = []

    def touching(self, queryset: QuerySet[Hold], name: str, value: Any) -> QuerySet[Hold]:
        """The holds that debit or credit this account."""
        return queryset.filter(Q(debit_account_id=value) | Q(credit_account_id=value))


class LimitFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    account = django_filters.UUIDFilter("account_id")
    role = django_filters.CharFilter("role__name", label="The name of a role.")
    asset = AssetFilter("asset_id", label="The id or the code of an asset.")

    class Meta:
        model = RoleLimit
        fields: list[str] = []
