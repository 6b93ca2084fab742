"""How accounts are shown, opened and changed."""

from typing import Any

from rest_framework import serializers

from ledger.api.fields import REFERENCE_HELP, MetadataField, MomentField, MoneyField, NameField
from ledger.choices import AccountStatus, AccountType
from ledger.filters import SIDE_WORDS, SIDES
from ledger.models import Account, Balance
from qenex.kernel.fields import IdField, SignedAmountField, StrictSerializer, TextField

PLACES = "account.asset.places"


class CountersSerializer(serializers.Serializer[Balance]):
    """What an account holds now, on its normal side."""

    posted = MoneyField(places=PLACES)
    pending_in = MoneyField(places=PLACES, help_text="What holds may yet bring.")
    pending_out = MoneyField(places=PLACES, help_text="What holds may yet take away.")
    available = MoneyField(places=PLACES, help_text="Posted less what holds may yet take away.")
    debits = MoneyField(source="debits_posted", places=PLACES)
    credits = MoneyField(source="credits_posted", places=PLACES)


class AccountSerializer(serializers.Serializer[Account]):
    """A place in a book's chart where one asset is counted."""

    id = serializers.UUIDField()
    book = serializers.UUIDField(source="book_id")
    path = serializers.CharField()
    code = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(AccountType.choices)
    normal_side = NameField(SIDES)
    asset = serializers.CharField(source="asset.code", help_text="The asset's code.")
    owner_ref = serializers.CharField()
    status = serializers.ChoiceField(AccountStatus.choices)
    floor = MoneyField(source="balance.floor", places="asset.places", allow_null=True)
    balance = CountersSerializer()
    metadata = MetadataField()
    version = serializers.IntegerField()
    created_at = MomentField()


class AccountCreateSerializer(StrictSerializer):
    """An account to be opened."""

    id = IdField(required=False)
    book = TextField(max_length=64, help_text=REFERENCE_HELP)
    code = TextField(max_length=64, help_text="Unique in the book.")
    asset = TextField(max_length=64, help_text=REFERENCE_HELP)
    type = serializers.ChoiceField(AccountType.choices)
    path = TextField(max_length=200, required=False, help_text="Its place in the chart; the code unless given.")
    name = TextField(max_length=200, required=False, allow_blank=True)
    normal_side = serializers.ChoiceField(SIDE_WORDS, required=False, help_text="That of the type unless given.")
    owner_ref = TextField(max_length=100, required=False, allow_blank=True)
    floor = SignedAmountField(
        required=False, allow_null=True, help_text="What the available balance may not fall below; null: anything."
    )
    metadata = MetadataField(required=False)


class AccountUpdateSerializer(StrictSerializer):
    """What may change of an account."""

    name = TextField(max_length=200, required=False, allow_blank=True)
    owner_ref = TextField(max_length=100, required=False, allow_blank=True)
    status = serializers.ChoiceField(AccountStatus.choices, required=False)
    floor = SignedAmountField(
        required=False, allow_null=True, help_text="What the available balance may not fall below; null: anything."
    )
    metadata = MetadataField(required=False)


class BalanceSerializer(serializers.Serializer[Any]):
    """A balance on the account's normal side. Of a past moment only what was posted is known."""

    account = serializers.UUIDField()
    asset = serializers.CharField(help_text="The asset's code.")
    at = MomentField(allow_null=True, help_text="The past moment; null for the present.")
    posted = MoneyField()
    pending_in = MoneyField(allow_null=True)
    pending_out = MoneyField(allow_null=True)
    available = MoneyField(allow_null=True)
    debits = MoneyField(allow_null=True)
    credits = MoneyField(allow_null=True)
