"""Receipts to download."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request

from compliance import selectors
from compliance.trail.receipt import Receipt
from ledger.models import Transfer
from qenex.kernel.models import Event
from qenex.kernel.views import GenericView

RECEIPTS = {
    (200, "text/plain"): OpenApiTypes.STR,
    409: OpenApiResponse(description="No signed checkpoint covers it yet; Retry-After says when to ask again."),
}


class TransferReceiptView(GenericView[Transfer]):
    """A transfer's receipt."""

    queryset = Transfer.objects.using("reader")
    book_column = "book_id"
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "ledger.view_transfer"}

    @extend_schema(operation_id="transfers_receipt", responses=RECEIPTS)
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """Gives a file that proves, with the log's key and nothing else, that the transfer was recorded."""
        return download(selectors.transfer_receipt(get_object_or_404(self.get_queryset(), pk=pk)), f"transfer-{pk}")


class EventReceiptView(GenericView[Event]):
    """An event's receipt."""

    queryset = Event.objects.using("reader")
    book_column = "book_id"
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "kernel.view_event"}

    @extend_schema(operation_id="events_receipt", responses=RECEIPTS)
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """Gives a file that proves, with the log's key and nothing else, that the event was recorded."""
        return download(selectors.event_receipt(get_object_or_404(self.get_queryset(), pk=pk)), f"event-{pk}")


def download(receipt: Receipt, name: str) -> HttpResponse:
    """The receipt as a file."""
    answer = HttpResponse(receipt.encode(), "text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.receipt"'
    return answer
