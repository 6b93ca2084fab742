"""The personal data of an event, for those who may read it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.privacy.reading import REVEAL, event_reveal
from qenex.kernel.models import Event
from qenex.kernel.views import GenericView


class PersonalSerializer(serializers.Serializer[Any]):
    """What of an event was sealed."""

    event = serializers.UUIDField()
    values = serializers.DictField(help_text="Where a value belongs, such as `actor.address`, and the value.")
    erased = serializers.ListField(child=serializers.CharField(), help_text="What nobody can read any more.")


class EventPersonalView(GenericView[Event]):
    """Personal data of one event."""

    queryset = Event.objects.all()
    book_column = "book_id"
    serializer_class = PersonalSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": REVEAL}

    @extend_schema(operation_id="events_personal")
    def get(self, request: Request, pk: str) -> Response:
        """Opens an event's personal data. Each time is an event itself: `compliance.personal.read`."""
        event = get_object_or_404(self.get_queryset(), pk=pk)
        shown = event_reveal(event=event)
        values = {place: _at(shown.body, place) for place in shown.places if place not in shown.erased}
        answer = {"event": event.pk, "values": values, "erased": list(shown.erased)}
        return Response(PersonalSerializer(answer).data, headers={"Cache-Control": "no-store"})


def _at(body: dict[str, Any], place: str) -> Any:
    part, _, name = place.partition(".")
    return body[part][name]
