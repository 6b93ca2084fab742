"""The event log, read only."""

from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from qenex.kernel.api.filters import EventFilters
from qenex.kernel.api.serializers import EventSerializer
from qenex.kernel.models import Event
from qenex.kernel.views import GenericView


class EventListView(GenericView[Event]):
    """Everything that was done, newest first."""

    queryset = Event.objects.using("reader")
    book_column = "book_id"
    ordering = ("-recorded_at", "-id")
    serializer_class = EventSerializer
    filterset_class = EventFilters
    required_permissions = {"GET": "kernel.view_event"}

    @extend_schema(operation_id="events_list", responses=EventSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists events."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class EventView(GenericView[Event]):
    """One event with its changes."""

    queryset = Event.objects.using("reader")
    book_column = "book_id"
    serializer_class = EventSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "kernel.view_event"}

    @extend_schema(operation_id="events_retrieve")
    def get(self, request: Request, pk: str) -> Response:
        """Shows one event."""
        return Response(self.get_serializer(get_object_or_404(self.get_queryset(), pk=pk)).data)
