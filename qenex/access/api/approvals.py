"""Requests for approval: the list, one of them, and what a person decides."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from qenex.access import approvals, stepup
from qenex.access.api.approvalserializers import ApprovalDetailSerializer, ApprovalSerializer
from qenex.access.approvals.looking import look
from qenex.access.models import Approval, ApprovalStatus, TokenFamily
from qenex.access.tokens import Bearer
from qenex.access.tokens.signin import METHOD
from qenex.kernel import clock
from qenex.kernel.etags import VersionedMixin
from qenex.kernel.fields import StrictSerializer, TextField
from qenex.kernel.views import GenericView

IF_MATCH = OpenApiParameter("If-Match", str, "header", required=True, description="The ETag that you have seen.")
VIEW, CHECK = "access.view_approval", "access.check_approval"


class DecisionSerializer(StrictSerializer):
    """What a person says to a decision."""

    comment = TextField(max_length=500, required=False, allow_blank=True)


class RejectionSerializer(StrictSerializer):
    """Why a request is rejected."""

    comment = TextField(max_length=500)


class ApprovalFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    """Exact matches."""

    status = django_filters.ChoiceFilter(choices=ApprovalStatus.choices)
    command = django_filters.CharFilter()
    mine = django_filters.BooleanFilter(method="of_mine", label="Only those that you asked for, or only others.")

    class Meta:
        model = Approval
        fields: list[str] = []

    def of_mine(self, rows: QuerySet[Approval], name: str, value: bool) -> QuerySet[Approval]:
        """Those of the user, or those of everybody else."""
        own = {"requester": self.request.user}
        return rows.filter(**own) if value else rows.exclude(**own)


class ApprovalListView(GenericView[Approval]):
    """Requests for approval."""

    queryset = Approval.objects.using("reader").select_related("requester", "approver")
    book_column = "book_id"
    serializer_class = ApprovalSerializer
    filterset_class = ApprovalFilters
    ordering = ("-created_at", "-id")
    required_permissions = {"GET": VIEW}

    @extend_schema(operation_id="approvals_list", responses=ApprovalSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists requests, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class _OneView(VersionedMixin, GenericView[Approval]):
    """The base of what is about one request."""

    queryset = Approval.objects.select_related("requester", "approver")
    book_column = "book_id"
    serializer_class = ApprovalDetailSerializer
    pagination_class = None
    filter_backends = []

    def found(self, pk: UUID) -> Approval:
        """The request, where it is in reach."""
        approval: Approval = get_object_or_404(self.get_queryset(), pk=pk)
        return approval

    def shown(self, approval: Approval) -> dict[str, Any]:
        """The request with its payload and its present difference."""
        return ApprovalDetailSerializer(approval, context={"now": look(approval)}).data

    def decided(self, request: Request, pk: UUID, decide: Callable[[int | None], Any]) -> HttpResponse:
        """Lets the service decide about the version that the client has seen, and answers what became of it."""
        version = self.expected_version(request, self.found(pk).pk)
        decide(version)
        approval = self.found(pk)
        return self.tagged(request, approval, lambda: self.shown(approval))


class ApprovalView(_OneView):
    """One request."""

    required_permissions = {"GET": VIEW}

    @extend_schema(operation_id="approvals_retrieve", responses=ApprovalDetailSerializer)
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """Shows a request, with what it would do now."""
        approval = self.found(pk)
        now = look(approval)
        # What it would do changes without the request: there is nothing that a client could keep.
        response = Response(ApprovalDetailSerializer(approval, context={"now": now}).data)
        response["ETag"] = f'"{approval.pk}.{approval.version}"'
        response["Cache-Control"] = "private, no-store"
        return response


class ApproveView(_OneView):
    """Approving."""

    required_permissions = {"POST": CHECK}

    @extend_schema(
        operation_id="approvals_approve",
        parameters=[IF_MATCH],
        request=DecisionSerializer,
        responses=ApprovalDetailSerializer,
    )
    def post(self, request: Request, pk: UUID) -> HttpResponse:
        """Carries out exactly what was asked for, once. See `status`: it may have failed."""
        given = _given(DecisionSerializer, request)
        comment = given.get("comment", "")
        return self.decided(
            request,
            pk,
            lambda version: approvals.approve(approval=pk, by=_by(request), version=version, comment=comment),
        )


class RejectView(_OneView):
    """Rejecting."""

    required_permissions = {"POST": CHECK}

    @extend_schema(
        operation_id="approvals_reject",
        parameters=[IF_MATCH],
        request=RejectionSerializer,
        responses=ApprovalDetailSerializer,
    )
    def post(self, request: Request, pk: UUID) -> HttpResponse:
        """Rejects a request."""
        comment = _given(RejectionSerializer, request)["comment"]
        return self.decided(
            request,
            pk,
            lambda version: approvals.reject(approval=pk, by=_by(request), version=version, comment=comment),
        )


class WithdrawView(_OneView):
    """Withdrawing."""

    required_permissions = {"POST": VIEW}

    @extend_schema(
        operation_id="approvals_withdraw", parameters=[IF_MATCH], request=None, responses=ApprovalDetailSerializer
    )
    def post(self, request: Request, pk: UUID) -> HttpResponse:
        """Takes one's own request back."""
        by: Any = request.user
        if self.found(pk).requester_id != by.pk:
            raise PermissionDenied("Only whoever asked for it may withdraw it.")
        return self.decided(request, pk, lambda version: approvals.withdraw(approval=pk, by=by, version=version))


def _given(serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    fields: dict[str, Any] = given.validated_data
    return fields


def _by(request: Request) -> Any:
    """Whoever decides, who has shown a second factor within the last five minutes. Raises RequiresStepUp.

    A session may have shown it again; a token says when its family was issued. A key has no second factor.
    """
    if isinstance(request.successful_authenticator, SessionAuthentication):
        stepup.check(request._request)
    elif not _fresh(request.auth):
        raise stepup.RequiresStepUp
    return request.user


def _fresh(shown: Any) -> bool:
    if not isinstance(shown, Bearer):
        return False
    oldest = clock.now() - stepup.FRESH
    # Tokens that a command has made were given without a second factor.
    return TokenFamily.objects.filter(pk=shown.claims.family, method=METHOD, created_at__gt=oldest).exists()
