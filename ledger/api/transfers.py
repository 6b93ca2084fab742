"""Transfers: the reference for the faster ways in which the same bodies are answered."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import selectors, services
from ledger.api import wire
from ledger.api.bodies import RawBodyMixin
from ledger.api.references import book_id
from ledger.api.transferserializers import (
    BatchInSerializer,
    BatchResultSerializer,
    ResultSerializer,
    SingleInSerializer,
    TransferInSerializer,
    TransferSerializer,
    with_asset,
)
from ledger.api.wire import Answer
from ledger.approvals.submissions import needed
from ledger.domain.drafts import TransferDraft
from ledger.domain.results import Code
from ledger.filters import TransferFilters
from ledger.models import Transfer
from ledger.references import as_id
from qenex.access.api.asking import ACCEPTED, AskingMixin
from qenex.kernel import scope
from qenex.kernel.views import APIView, GenericView


class TransferListView(AskingMixin, RawBodyMixin, GenericView[Any]):
    """The transfers of a book."""

    queryset = Transfer.objects.using("reader")
    book_column = "book_id"
    serializer_class = TransferSerializer
    filterset_class = TransferFilters
    ordering = ("-posted_at",)
    required_permissions = {"GET": "ledger.view_transfer", "POST": "ledger.post_transfer"}

    @extend_schema(operation_id="transfers_list", responses=TransferSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists the transfers of a book, newest first."""
        page = self.paginate_queryset(self.filter_queryset(with_asset(self._rows(request))))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def _rows(self, request: Request) -> QuerySet[Any]:
        """Those of one account come from its own history, which its indexes serve."""
        account = as_id(request.query_params.get("account", ""))
        if account is None:
            return self.get_queryset()
        return scope.narrowed(selectors.transfers_of_account(account, using="reader"))

    @extend_schema(
        operation_id="transfers_create",
        request=SingleInSerializer,
        responses={
            201: ResultSerializer,
            200: OpenApiResponse(ResultSerializer, "The first answer again."),
            202: ACCEPTED,
            409: OpenApiResponse(description="The id belongs to another transfer."),
            422: OpenApiResponse(description="Refused."),
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Posts one transfer."""
        single = wire.single_of(*self.parts(request))
        [result] = _post(request, single.book, [single.draft], linked=False)
        if result.code is Code.APPROVAL_REQUIRED:
            raise needed(book_id(single.book), [single.draft], None)
        return respond(wire.answer_transfer(result))


class TransferView(GenericView[Transfer]):
    """One transfer."""

    queryset = Transfer.objects.using("reader")
    book_column = "book_id"
    serializer_class = TransferSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "ledger.view_transfer"}

    @extend_schema(operation_id="transfers_retrieve")
    def get(self, request: Request, pk: UUID) -> Response:
        """Shows a transfer."""
        return Response(self.get_serializer(get_object_or_404(with_asset(self.get_queryset()), pk=pk)).data)


class BatchView(RawBodyMixin, APIView):
    """Many transfers at once."""

    required_permissions = {"POST": "ledger.post_transfer"}

    @extend_schema(
        operation_id="transfers_batch",
        request={"application/json": BatchInSerializer, "application/x-ndjson": TransferInSerializer},
        parameters=[
            OpenApiParameter("book", str, description="With lines of JSON: the book's id or code."),
            OpenApiParameter("linked", bool, description="With lines of JSON: whether they stand or fall together."),
        ],
        responses={
            200: OpenApiResponse(BatchResultSerializer, "A result for each, in order."),
            422: OpenApiResponse(description="They are linked and failed."),
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Posts up to 10,000 transfers in their order: each for itself, or all or none."""
        batch = wire.batch_of(*self.parts(request))
        results = _post(request, batch.book, batch.drafts, linked=batch.linked)
        return respond(wire.answer_batch(batch, results))


def respond(answer: Answer) -> HttpResponse:
    """The wire's answer as Django's."""
    return HttpResponse(answer.body, wire.JSON, answer.status, headers=dict(answer.headers))


def _post(request: Request, book: str, drafts: list[TransferDraft], *, linked: bool) -> Any:
    require(request, *wire.permissions(drafts))
    return services.transfers_post(book=book_id(book), transfers=drafts, linked=linked)


def require(request: Request, *permissions: str) -> None:
    """Raises PermissionDenied where the user lacks one of the permissions."""
    if not request.user.has_perms(permissions):
        raise PermissionDenied
