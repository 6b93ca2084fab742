"""How transfers are shown, and how the API describes what the wire reads and writes."""

from typing import Any, TypeVar

from django.db.models import Model, OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.api.fields import REFERENCE_HELP, MetadataField, MomentField, MoneyField, NameField
from ledger.api.wire.bodies import DESCRIPTION_MAX
from ledger.domain.results import Code, Status
from ledger.filters import KIND_WORDS_IN, KINDS, SIDES
from ledger.models import Asset, Leg, Transfer
from ledger.services.transfers import MAX_CODE, MAX_REFERENCE, MAX_TIMEOUT
from qenex.kernel.fields import AMOUNT_SCHEMA, SIGNED_AMOUNT_SCHEMA

M = TypeVar("M", bound=Model)


def with_asset(rows: QuerySet[M]) -> QuerySet[M]:
    """The rows with their asset's code and places, in the same query."""
    asset = Asset.objects.filter(pk=OuterRef("asset_id"))
    annotated: Any = rows.annotate(asset_code=Subquery(asset.values("code")), places=Subquery(asset.values("places")))
    found: QuerySet[M] = annotated
    return found


class TransferSerializer(serializers.Serializer[Transfer]):
    """An amount moved from the credited to the debited account, or held."""

    id = serializers.UUIDField()
    book = serializers.UUIDField(source="book_id")
    debit_account = serializers.UUIDField(source="debit_account_id")
    credit_account = serializers.UUIDField(source="credit_account_id")
    asset = serializers.CharField(source="asset_code", help_text="The asset's code.")
    amount = MoneyField()
    kind = NameField(KINDS)
    code = serializers.IntegerField()
    posted_at = MomentField()
    value_date = serializers.DateField()
    reference = serializers.CharField()
    metadata = MetadataField(allow_null=True)
    origin = serializers.UUIDField(source="origin_id", allow_null=True)
    journal = serializers.UUIDField(source="journal_id", allow_null=True)
    event = serializers.UUIDField(source="event_id")
    debit_balance = MoneyField(help_text="The debited account's posted balance after it.")
    credit_balance = MoneyField(help_text="The credited account's posted balance after it.")


class LegSerializer(TransferSerializer):
    """A transfer as one of its accounts sees it."""

    side = NameField(SIDES, help_text="Whether it debits or credits the account.")
    balance = MoneyField(help_text="The account's posted balance after it.")

    class Meta:
        model = Leg


@extend_schema_field(AMOUNT_SCHEMA)
class _Amount(serializers.CharField):
    pass


@extend_schema_field(SIGNED_AMOUNT_SCHEMA)
class _Balance(serializers.CharField):
    pass


class LegInSerializer(serializers.Serializer[Any]):
    """A transfer of a journal to be posted."""

    id = serializers.UUIDField(required=False, help_text="Follows from the journal's unless given.")
    debit_account = serializers.UUIDField(required=False, allow_null=True)
    credit_account = serializers.UUIDField(required=False, allow_null=True)
    amount = _Amount(required=False, allow_null=True, help_text="All that is left of a hold unless given.")
    kind = serializers.ChoiceField(KIND_WORDS_IN, required=False)
    code = serializers.IntegerField(min_value=0, max_value=MAX_CODE, required=False)
    value_date = serializers.DateField(required=False, allow_null=True)
    reference = serializers.CharField(max_length=MAX_REFERENCE, required=False, allow_blank=True)
    metadata = MetadataField(required=False, allow_null=True)
    origin = serializers.UUIDField(required=False, allow_null=True, help_text="The hold to post or void.")
    timeout = serializers.IntegerField(
        min_value=1, max_value=MAX_TIMEOUT, required=False, allow_null=True, help_text="Seconds until a hold expires."
    )
    final = serializers.BooleanField(required=False, help_text="Whether a post of a hold releases what it leaves.")


class TransferInSerializer(LegInSerializer):
    """A transfer to be posted."""

    id = serializers.UUIDField(help_text="Yours: the same id and content is the first answer again.")


class SingleInSerializer(TransferInSerializer):
    """A transfer to be posted, with its book."""

    book = serializers.CharField(help_text=REFERENCE_HELP)


class BatchInSerializer(serializers.Serializer[Any]):
    """Transfers to be posted in their order."""

    book = serializers.CharField(help_text=REFERENCE_HELP)
    linked = serializers.BooleanField(required=False, help_text="Whether they stand or fall together.")
    transfers = serializers.ListField(child=TransferInSerializer(), min_length=1, max_length=10_000)


class JournalInSerializer(serializers.Serializer[Any]):
    """A journal to be posted."""

    book = serializers.CharField(help_text=REFERENCE_HELP)
    transfers = serializers.ListField(child=LegInSerializer(), min_length=1, max_length=10_000)
    id = serializers.UUIDField(required=False)
    reference = serializers.CharField(max_length=MAX_REFERENCE, required=False, allow_blank=True)
    description = serializers.CharField(max_length=DESCRIPTION_MAX, required=False, allow_blank=True)
    metadata = MetadataField(required=False, allow_null=True)


class ResultSerializer(serializers.Serializer[Any]):
    """What became of a transfer."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField([status.value for status in Status])
    code = serializers.ChoiceField([code.value for code in Code], allow_null=True, help_text="Why it was refused.")
    detail = serializers.CharField(allow_null=True)
    posted_at = serializers.DateTimeField(allow_null=True)
    value_date = serializers.DateField(allow_null=True)
    debit_balance = _Balance(allow_null=True)
    credit_balance = _Balance(allow_null=True)
    replayed = serializers.BooleanField(help_text="Whether this is the first answer given again.")


class BatchResultSerializer(serializers.Serializer[Any]):
    """What became of a batch."""

    results = ResultSerializer(many=True)
    posted = serializers.IntegerField()
    refused = serializers.IntegerField()


class JournalResultSerializer(serializers.Serializer[Any]):
    """What became of a journal."""

    id = serializers.UUIDField()
    transfers = ResultSerializer(many=True)
    replayed = serializers.BooleanField(help_text="Whether this is the first answer given again.")
