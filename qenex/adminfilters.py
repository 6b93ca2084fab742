"""Filters of large lists: one typed value, no list of all that there are."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.admin import ListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.timezone import make_aware

Title = str | Promise


class FormFilter(ListFilter):
    """A small form whose inputs are query parameters; the other parameters of the list are kept."""

    template = "admin/form_filter.html"
    inputs: dict[str, Title] = {}
    """Query parameter → label."""
    kind = "text"
    """The type of the HTML inputs."""

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.inputs:
            values = params.pop(name, None)
            if values and values[-1].strip():
                self.used_parameters[name] = values[-1].strip()

    def expected_parameters(self) -> list[str | None]:
        """The parameters that are ours."""
        return list(self.inputs)

    def has_output(self) -> bool:
        """Always shown."""
        return True

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """What the template needs."""
        kept = {name: values for name, values in changelist.filter_params.items() if name not in self.inputs}
        fields = [
            {"name": name, "label": label, "value": self.used_parameters.get(name, "")}
            for name, label in self.inputs.items()
        ]
        clear = changelist.get_query_string(remove=list(self.inputs)) if self.used_parameters else None
        hidden = [(name, value) for name, values in kept.items() for value in values]
        yield {"fields": fields, "hidden": hidden, "kind": self.kind, "clear": clear}


class ExactFilter(FormFilter):
    """Rows whose column equals what was typed; see `exact`."""

    field: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows; none where the text is no value of the column."""
        text = self.used_parameters.get(self.field)
        if text is None:
            return queryset
        try:
            value = queryset.model._meta.get_field(self.field).to_python(text)
        except ValidationError:
            return queryset.none()
        return queryset.filter(**{self.field: value})


class DaysFilter(FormFilter):
    """Rows of whole days, both included; see `days`."""

    field: str
    kind = "date"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows; none where a day cannot be read."""
        since, until = (str(self.used_parameters.get(name, "")) for name in self.inputs)
        try:
            if since:
                queryset = queryset.filter(**{f"{self.field}__gte": _midnight(since)})
            if until:
                queryset = queryset.filter(**{f"{self.field}__lt": _midnight(until, days=1)})
        except (ValueError, OverflowError):
            return queryset.none()
        return queryset


def exact(field: str, title: Title) -> type[ExactFilter]:
    """A filter for one column by an exact value."""
    return type("Exact", (ExactFilter,), {"field": field, "title": title, "inputs": {field: title}})


def days(field: str, title: Title, since: Title, until: Title) -> type[DaysFilter]:
    """A filter for a column of moments by the first and the last day."""
    inputs = {f"{field}_since": since, f"{field}_until": until}
    return type("Days", (DaysFilter,), {"field": field, "title": title, "inputs": inputs})


def _midnight(text: str, days: int = 0) -> datetime:
    return make_aware(datetime.combine(date.fromisoformat(text) + timedelta(days=days), time()))
