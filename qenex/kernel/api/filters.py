"""The filters of the list of events."""

import django_filters

from qenex.kernel.filters import MomentFilter
from qenex.kernel.models import Event


class EventFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    """Each is an exact match on an indexed column, but for the two bounds of time."""

    type = django_filters.CharFilter()
    subject_type = django_filters.CharFilter()
    subject = django_filters.CharFilter("subject_id", label="The id of what the event is about.")
    actor = django_filters.CharFilter()
    book = django_filters.UUIDFilter("book_id")
    request_id = django_filters.CharFilter()
    since = MomentFilter("recorded_at", "gte", label="Recorded at this moment or later.")
    until = MomentFilter("recorded_at", "lt", label="Recorded before this moment.")

    class Meta:
        model = Event
        fields: list[str] = []
