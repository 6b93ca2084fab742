"""What an account holds, and the transfers that made it so."""

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import selectors
from ledger.api.accountserializers import BalanceSerializer
from ledger.api.transferserializers import LegSerializer, with_asset
from ledger.filters import MovementFilters
from ledger.models import Account, Leg
from qenex.kernel import scope
from qenex.kernel.fields import StrictSerializer
from qenex.kernel.views import APIView, GenericView


class _Query(StrictSerializer):
    at = serializers.DateTimeField(required=False)


class BalanceView(APIView):
    """An account's balance."""

    required_permissions = {"GET": "ledger.view_account"}

    @extend_schema(
        operation_id="accounts_balance",
        responses=BalanceSerializer,
        parameters=[OpenApiParameter("at", OpenApiTypes.DATETIME, description="Just after this moment.")],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Shows the balance now, or as it stood just after a moment."""
        query = _Query(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        account = get_object_or_404(scope.narrowed(Account.objects.using("reader").select_related("asset")), pk=pk)
        balance = selectors.account_balance(pk, at=query.validated_data.get("at"), using="reader")
        places = {"account": pk, "asset": account.asset.code, "places": account.asset.places}
        return Response(BalanceSerializer(SimpleNamespace(**asdict(balance), **places)).data)


class HistoryView(GenericView[Any]):
    """An account's transfers."""

    serializer_class = LegSerializer
    filterset_class = MovementFilters
    ordering = ("-posted_at",)
    required_permissions = {"GET": "ledger.view_transfer"}
    queryset = Leg.objects.none()

    @extend_schema(operation_id="accounts_transfers", responses=LegSerializer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """Lists the transfers of an account with its balance after each, newest first."""
        get_object_or_404(scope.narrowed(Account.objects.using("reader").only("id")), pk=pk)
        legs = with_asset(selectors.transfers_of_account(pk, using="reader"))
        page = self.paginate_queryset(self.filter_queryset(legs))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
