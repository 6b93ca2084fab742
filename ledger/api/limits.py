"""Limits, which the ledger's own gate enforces."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import services
from ledger.api.fields import REFERENCE_HELP, MoneyField
from ledger.api.problems import REFUSALS, ROLE_NOT_FOUND
from ledger.api.references import asset, missing
from ledger.domain.results import Code
from ledger.filters import LimitFilters
from ledger.models import Account, RoleLimit
from ledger.references import find_role
from ledger.selectors.limits import limits_in_reach
from qenex.access.api.asking import ACCEPTED, AskingMixin
from qenex.kernel import scope
from qenex.kernel.fields import AmountField, IdField, StrictSerializer, TextField
from qenex.kernel.idempotent import IdempotentMixin
from qenex.kernel.money import to_decimal
from qenex.kernel.views import GenericView

VERDICTS = ["hold", "refuse"]


class LimitSerializer(serializers.Serializer[RoleLimit]):
    """The most that one transfer may move: by members of a role, or into or out of an account."""

    id = serializers.UUIDField()
    role = serializers.CharField(source="role.name", default=None, allow_null=True, help_text="The role's name.")
    account = serializers.UUIDField(source="account_id", allow_null=True)
    asset = serializers.CharField(source="asset.code", default=None, allow_null=True, help_text="The asset's code.")
    maximum = MoneyField(places=lambda limit: limit.asset.places if limit.asset else 0)
    verdict = serializers.ChoiceField(VERDICTS, help_text="What becomes of a larger transfer.")


class LimitCreateSerializer(StrictSerializer):
    """A limit to be set, of either a role or an account."""

    role = TextField(max_length=150, required=False, help_text="The role's name.")
    account = IdField(required=False)
    asset = TextField(max_length=64, required=False, help_text=f"{REFERENCE_HELP} Any asset unless given.")
    maximum = AmountField(allow_zero=True)
    verdict = serializers.ChoiceField(VERDICTS, default="refuse", help_text="What becomes of a larger transfer.")


class LimitListView(AskingMixin, IdempotentMixin, GenericView[RoleLimit]):
    """All limits."""

    queryset = RoleLimit.objects.using("reader").select_related("role", "asset")
    serializer_class = LimitSerializer
    filterset_class = LimitFilters
    required_permissions = {"GET": "ledger.view_rolelimit", "POST": "ledger.add_rolelimit"}

    def get_queryset(self) -> QuerySet[RoleLimit]:
        """Those in reach."""
        return limits_in_reach(super().get_queryset())

    @extend_schema(operation_id="limits_list", responses=LimitSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists limits, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="limits_create", request=LimitCreateSerializer, responses={201: LimitSerializer, 202: ACCEPTED}
    )
    def post(self, request: Request) -> HttpResponse:
        """Sets a limit."""
        serializer = LimitCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = _fields(serializer.validated_data)
        return self.answer_once(
            request, lambda: services.limit_create(**fields), lambda limit: LimitSerializer(limit).data
        )


class LimitView(AskingMixin, GenericView[RoleLimit]):
    """One limit."""

    queryset = RoleLimit.objects.select_related("role", "asset")
    serializer_class = LimitSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "ledger.view_rolelimit", "DELETE": "ledger.delete_rolelimit"}

    def get_queryset(self) -> QuerySet[RoleLimit]:
        """Those in reach."""
        return limits_in_reach(super().get_queryset())

    @extend_schema(operation_id="limits_retrieve")
    def get(self, request: Request, pk: UUID) -> Response:
        """Shows a limit."""
        return Response(self.get_serializer(get_object_or_404(self.get_queryset().using("reader"), pk=pk)).data)

    @extend_schema(operation_id="limits_delete", responses={204: None, 202: ACCEPTED})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Removes a limit."""
        services.limit_delete(limit=get_object_or_404(self.get_queryset(), pk=pk))
        return Response(status=204)


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """What the service takes. Raises Problem where a role, an account or an asset is not there."""
    fields: dict[str, Any] = {"maximum": to_decimal(given["maximum"]), "verdict": given["verdict"]}
    if "asset" in given:
        fields["asset"] = asset(given["asset"])
    if "role" in given:
        fields["role"] = find_role(given["role"])
        if fields["role"] is None:
            raise missing(ROLE_NOT_FOUND, "role")
    if "account" in given:
        fields["account"] = scope.narrowed(Account.objects.all()).filter(pk=given["account"]).first()
        if fields["account"] is None:
            raise missing(REFUSALS[Code.ACCOUNT_NOT_FOUND], "account")
    return fields
