"""Assets."""

from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import services
from ledger.api.fields import REFERENCE_PARAMETER, MomentField
from ledger.choices import AssetKind
from ledger.filters import AssetFilters
from ledger.models import Asset
from ledger.references import key
from qenex.kernel.fields import StrictSerializer, TextField, WholeField
from qenex.kernel.idempotent import IdempotentMixin
from qenex.kernel.money import SCALE
from qenex.kernel.views import GenericView


class AssetSerializer(serializers.Serializer[Asset]):
    """What is counted."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(AssetKind.choices)
    places = serializers.IntegerField(help_text="Its decimal places, for ever.")
    created_at = MomentField()


class AssetCreateSerializer(StrictSerializer):
    """An asset to be added."""

    code = TextField(max_length=32, help_text="Unique, such as EUR.")
    name = TextField(max_length=200, required=False, help_text="The code unless given.")
    kind = serializers.ChoiceField(AssetKind.choices, default=AssetKind.CURRENCY)
    places = WholeField(min_value=0, max_value=SCALE, help_text="How many decimal places it has, for ever.")


class AssetListView(IdempotentMixin, GenericView[Asset]):
    """All assets; every book may use them."""

    queryset = Asset.objects.using("reader")
    serializer_class = AssetSerializer
    filterset_class = AssetFilters
    required_permissions = {"GET": "ledger.view_asset", "POST": "ledger.add_asset"}

    @extend_schema(operation_id="assets_list", responses=AssetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists assets, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(operation_id="assets_create", request=AssetCreateSerializer, responses={201: AssetSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Adds an asset."""
        given = AssetCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return self.answer_once(request, lambda: services.asset_create(**given.validated_data), _shown)


class AssetView(GenericView[Asset]):
    """One asset, by id or code."""

    queryset = Asset.objects.using("reader")
    serializer_class = AssetSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "ledger.view_asset"}

    @extend_schema(operation_id="assets_retrieve", parameters=[REFERENCE_PARAMETER])
    def get(self, request: Request, ref: str) -> Response:
        """Shows an asset."""
        condition = key(ref)
        asset = None if condition is None else self.get_queryset().filter(condition).first()
        if asset is None:
            raise Http404
        return Response(_shown(asset))


def _shown(asset: Asset) -> dict[str, Any]:
    return AssetSerializer(asset).data
