"""The trial balance, as JSON and as CSV."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.forms import ValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import selectors
from ledger.api.fields import MomentField, MoneyField
from ledger.choices import AccountType
from ledger.errors import Invalid
from ledger.filters import AssetChoice, BookChoice
from ledger.models import Asset
from ledger.selectors import TrialBalance
from qenex.kernel.fields import StrictSerializer
from qenex.kernel.views import APIView

COLUMNS = ("asset", "path", "code", "name", "type", "account", "debit", "credit")


class _ReferenceField(serializers.CharField):
    """A book or an asset by id or code; its id inside."""

    def __init__(self, choice: BookChoice | AssetChoice, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choice = choice

    def to_internal_value(self, data: Any) -> Any:
        """The id. Raises ValidationError."""
        try:
            return self.choice.clean(super().to_internal_value(data))
        except ValidationError as error:
            first = error.error_list[0]
            raise serializers.ValidationError(error.messages[0], first.code) from None


class _Query(StrictSerializer):
    book = _ReferenceField(BookChoice())
    asset = _ReferenceField(AssetChoice(), required=False)
    at = serializers.DateTimeField(required=False)
    value_date = serializers.DateField(required=False)
    format = serializers.CharField(required=False)


class TrialBalanceRowSerializer(serializers.Serializer[Any]):
    """An account with its balance in one of the two columns."""

    account = serializers.UUIDField(source="account_id")
    code = serializers.CharField()
    path = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(AccountType.choices)
    asset = serializers.CharField(help_text="The asset's code.")
    debit = MoneyField()
    credit = MoneyField()


class TrialBalanceTotalSerializer(serializers.Serializer[Any]):
    """The sums of an asset's two columns."""

    asset = serializers.CharField(help_text="The asset's code.")
    debit = MoneyField()
    credit = MoneyField()
    balanced = serializers.BooleanField()


class TrialBalanceSerializer(serializers.Serializer[Any]):
    """Every account that holds something."""

    book = serializers.UUIDField()
    at = MomentField(allow_null=True)
    value_date = serializers.DateField(allow_null=True)
    rows = TrialBalanceRowSerializer(many=True)
    totals = TrialBalanceTotalSerializer(many=True)
    balanced = serializers.BooleanField()


class TrialBalanceCSV(BaseRenderer):
    """The rows as lines of CSV."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """A header, and a line for each account."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows({name: _harmless(row[name]) for name in COLUMNS} for row in data["rows"])
        return text.getvalue().encode()


class TrialBalanceView(APIView):
    """The trial balance of a book."""

    renderer_classes = [JSONRenderer, TrialBalanceCSV]
    required_permissions = {"GET": "ledger.view_account"}

    @extend_schema(
        operation_id="reports_trial_balance",
        responses={(200, "application/json"): TrialBalanceSerializer, (200, "text/csv"): str},
        parameters=[
            OpenApiParameter("book", str, required=True, description="The id or the code of a book."),
            OpenApiParameter("asset", str, description="The id or the code of an asset."),
            OpenApiParameter("at", OpenApiTypes.DATETIME, description="As posted until this moment."),
            OpenApiParameter("value_date", OpenApiTypes.DATE, description="As it counts at the end of this day."),
            OpenApiParameter("format", str, enum=["json", "csv"], description="Instead of the Accept header."),
        ],
    )
    def get(self, request: Request) -> Response:
        """Shows the trial balance now, as posted until a moment, or by value date."""
        serializer = _Query(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        query = {"asset": None, "at": None, "value_date": None, **serializer.validated_data}
        query.pop("format", None)
        try:
            found = selectors.trial_balance(query.pop("book"), using="reader", **query)
        except Invalid as error:
            raise serializers.ValidationError({error.field: error.message}) from error
        book = serializer.validated_data["book"]
        return Response(TrialBalanceSerializer(_document(found) | query | {"book": book}).data)


def _document(found: TrialBalance) -> dict[str, Any]:
    codes = {total.asset for total in found.totals}
    places = dict(Asset.objects.using("reader").filter(code__in=codes).values_list("code", "places"))
    return {
        "rows": [_Placed(row, places[row.asset]) for row in found.rows],
        "totals": [_Placed(total, places[total.asset]) for total in found.totals],
        "balanced": found.balanced,
    }


class _Placed:
    """A row or a total with the places of its asset."""

    def __init__(self, row: Any, places: int) -> None:
        self._row, self.places = row, places

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def _harmless(value: str) -> str:
    """A spreadsheet takes a text that begins so for a formula; amounts in the two columns are never negative."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
