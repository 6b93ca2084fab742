"""Journals."""

from typing import Any
from uuid import UUID, uuid5

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import services
from ledger.api import wire
from ledger.api.bodies import RawBodyMixin
from ledger.api.fields import MetadataField, MomentField
from ledger.api.postings import journal_document, results_of, status_of
from ledger.api.references import book_id
from ledger.api.transfers import require
from ledger.api.transferserializers import (
    JournalInSerializer,
    JournalResultSerializer,
    TransferSerializer,
    with_asset,
)
from ledger.choices import JournalKind
from ledger.filters import JournalFilters
from ledger.models import Journal, Transfer
from ledger.references import as_id
from qenex.access.api.asking import ACCEPTED, AskingMixin
from qenex.access.api.fresh import FreshMixin
from qenex.kernel import context, problems
from qenex.kernel.fields import AmountField, IdField, StrictSerializer, TextField
from qenex.kernel.idempotent import HEADER, IdempotentMixin, checked_key, owner
from qenex.kernel.money import to_decimal
from qenex.kernel.problems import Fault, Problem, pointer
from qenex.kernel.views import APIView, GenericView

RESULT = {
    201: JournalResultSerializer,
    200: OpenApiResponse(JournalResultSerializer, "It was there before."),
    202: ACCEPTED,
}


class JournalSerializer(serializers.Serializer[Journal]):
    """Transfers that were posted together."""

    id = serializers.UUIDField()
    book = serializers.UUIDField(source="book_id")
    kind = serializers.ChoiceField(JournalKind.choices)
    reference = serializers.CharField()
    description = serializers.CharField()
    reverses = serializers.UUIDField(source="reverses_id", allow_null=True)
    rate = serializers.CharField(help_text="Of an exchange: units bought for one unit sold.")
    metadata = MetadataField()
    posted_at = MomentField()


class JournalWithTransfersSerializer(JournalSerializer):
    """A journal with its transfers in their order."""

    transfers = TransferSerializer(many=True)


class ReversalSerializer(StrictSerializer):
    """What is to be reversed of a journal, and why."""

    reason = TextField(max_length=500)
    amounts = serializers.DictField(
        child=AmountField(), required=False, help_text="Transfer's id → amount; all that is left unless given."
    )
    id = IdField(required=False, help_text="The id of the new journal.")


class JournalListView(AskingMixin, IdempotentMixin, RawBodyMixin, GenericView[Journal]):
    """The journals of a book."""

    queryset = Journal.objects.using("reader")
    book_column = "book_id"
    serializer_class = JournalSerializer
    filterset_class = JournalFilters
    ordering = ("-posted_at", "-id")
    required_permissions = {"GET": "ledger.view_journal", "POST": "ledger.post_journal"}

    @extend_schema(operation_id="journals_list", responses=JournalSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists the journals of a book, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(operation_id="journals_create", request=JournalInSerializer, responses=RESULT)
    def post(self, request: Request) -> HttpResponse:
        """Posts a journal: up to 10,000 transfers, all or none."""
        given = wire.journal_of(*self.parts(request))
        require(request, *wire.permissions(given.drafts) - {wire.POST})
        book = book_id(given.book)
        fields: dict[str, Any] = {
            "reference": given.reference,
            "description": given.description,
            "metadata": given.metadata,
        }
        return self.answer_once(
            request,
            lambda: services.journal_post(book=book, transfers=given.drafts, id=given.id, **fields),
            lambda batch: journal_document(given.id, results_of(batch)),
            status=status_of,
        )


class JournalView(GenericView[Journal]):
    """One journal."""

    queryset = Journal.objects.using("reader")
    book_column = "book_id"
    serializer_class = JournalWithTransfersSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "ledger.view_journal"}

    @extend_schema(operation_id="journals_retrieve")
    def get(self, request: Request, pk: UUID) -> Response:
        """Shows a journal with its transfers."""
        journal: Any = get_object_or_404(self.get_queryset(), pk=pk)
        rows = Transfer.objects.using("reader").filter(journal_id=pk).order_by("posted_at")
        journal.transfers = with_asset(rows)
        return Response(self.get_serializer(journal).data)


class ReversalView(FreshMixin, AskingMixin, IdempotentMixin, APIView):
    """The reversal of a journal."""

    required_permissions = {"POST": "ledger.reverse_journal"}

    @extend_schema(operation_id="journals_reverse", request=ReversalSerializer, responses=RESULT)
    def post(self, request: Request, pk: UUID) -> HttpResponse:
        """Reverses a journal, whole or in part, never for more than was posted."""
        given = ReversalSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        # Without an id of the client's own, the key makes one: a repetition must find what it reversed before.
        id = fields.get("id") or uuid5(pk, f"{owner(context.current())} {checked_key(request.headers.get(HEADER))}")
        amounts = _amounts(fields["amounts"]) if "amounts" in fields else None
        return self.answer_once(
            request,
            lambda: services.journal_reverse(journal=pk, reason=fields["reason"], amounts=amounts, id=id),
            lambda batch: journal_document(id, results_of(batch)),
            status=status_of,
        )


def _amounts(given: dict[str, int]) -> dict[UUID, Any]:
    amounts = {as_id(text): to_decimal(units) for text, units in given.items()}
    if None in amounts:
        faults = [
            Fault("invalid", "Must be the id of a transfer.", pointer(("amounts", text)))
            for text in given
            if as_id(text) is None
        ]
        raise Problem(problems.INVALID, faults=faults)
    return {id: amount for id, amount in amounts.items() if id is not None}
