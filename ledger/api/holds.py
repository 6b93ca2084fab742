"""Holds."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import services
from ledger.api import wire
from ledger.api.fields import MomentField, MoneyField
from ledger.api.postings import ask, status_of
from ledger.api.transferserializers import ResultSerializer, with_asset
from ledger.choices import HoldStatus
from ledger.errors import TransferRefused
from ledger.filters import HoldFilters
from ledger.models import Hold
from ledger.services.transfers import MAX_REFERENCE
from qenex.access.api.asking import ACCEPTED, AskingMixin
from qenex.access.api.fresh import FreshMixin
from qenex.kernel.fields import AmountField, FlagField, IdField, StrictSerializer, TextField
from qenex.kernel.idempotent import IdempotentMixin
from qenex.kernel.money import to_decimal
from qenex.kernel.views import APIView, GenericView

VOIDED = {201: ResultSerializer, 200: OpenApiResponse(ResultSerializer, "It was there before.")}
RESULT = {**VOIDED, 202: ACCEPTED}


class HoldSerializer(serializers.Serializer[Hold]):
    """Money set aside; its id is that of the transfer that held it."""

    id = serializers.UUIDField()
    book = serializers.UUIDField(source="book_id")
    debit_account = serializers.UUIDField(source="debit_account_id")
    credit_account = serializers.UUIDField(source="credit_account_id")
    asset = serializers.CharField(source="asset_code", help_text="The asset's code.")
    amount = MoneyField()
    posted = MoneyField(source="posted_amount", help_text="What was posted of it.")
    remaining = MoneyField(help_text="What may still be posted.")
    status = serializers.ChoiceField(HoldStatus.choices)
    expires_at = MomentField(allow_null=True)
    created_at = MomentField()
    resolved_at = MomentField(allow_null=True)


class VoidSerializer(StrictSerializer):
    """The void of a hold."""

    id = IdField(required=False, help_text="The id of the new transfer.")
    reference = TextField(max_length=MAX_REFERENCE, required=False, allow_blank=True)


class PostSerializer(VoidSerializer):
    """The post of a hold, whole or in part."""

    amount = AmountField(required=False, help_text="All that is left unless given.")
    final = FlagField(required=False, help_text="Whether what is left is released; true unless given.")


class HoldListView(GenericView[Hold]):
    """The holds of a book."""

    queryset = Hold.objects.using("reader")
    book_column = "book_id"
    serializer_class = HoldSerializer
    filterset_class = HoldFilters
    ordering = ("-created_at", "-id")
    required_permissions = {"GET": "ledger.view_hold"}

    @extend_schema(operation_id="holds_list", responses=HoldSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists the holds of a book, newest first."""
        page = self.paginate_queryset(self.filter_queryset(with_asset(self.get_queryset())))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class HoldView(GenericView[Hold]):
    """One hold."""

    queryset = Hold.objects.using("reader")
    book_column = "book_id"
    serializer_class = HoldSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "ledger.view_hold"}

    @extend_schema(operation_id="holds_retrieve")
    def get(self, request: Request, pk: UUID) -> Response:
        """Shows a hold."""
        return Response(self.get_serializer(get_object_or_404(with_asset(self.get_queryset()), pk=pk)).data)


class HoldPostView(FreshMixin, AskingMixin, IdempotentMixin, APIView):
    """The post of a hold."""

    required_permissions = {"POST": "ledger.resolve_hold"}

    @extend_schema(operation_id="holds_post", request=PostSerializer, responses=RESULT)
    def post(self, request: Request, pk: UUID) -> HttpResponse:
        """Posts a hold, whole or in part."""
        given = PostSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        amount: Decimal | None = to_decimal(fields.pop("amount")) if "amount" in fields else None
        return self.answer_once(
            request, lambda: services.hold_post(hold=pk, amount=amount, **fields), _shown, status=status_of
        )


class HoldVoidView(FreshMixin, IdempotentMixin, APIView):
    """The void of a hold."""

    required_permissions = {"POST": "ledger.resolve_hold"}

    @extend_schema(operation_id="holds_void", request=VoidSerializer, responses=VOIDED)
    def post(self, request: Request, pk: UUID) -> HttpResponse:
        """Releases what a hold still has."""
        given = VoidSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return self.answer_once(
            request, lambda: services.hold_void(hold=pk, **given.validated_data), _shown, status=status_of
        )


def _shown(batch: Any) -> dict[str, Any]:
    """The only result of the batch, inside its transaction. Raises TransferRefused, so that no answer is kept."""
    ask(batch)
    [result] = batch.submissions[0].results
    if result.code is not None:
        raise TransferRefused(result)
    return wire.result_document(result)
