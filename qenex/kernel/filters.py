"""Filtering lists by query parameters; a misspelt parameter must not answer with everything."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from django import forms
from django.db.models import Model, QuerySet
from django_filters import IsoDateTimeFilter
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

M = TypeVar("M", bound=Model)

PAGING = frozenset({"cursor", "limit"})


class MomentField(IsoDateTimeField):  # type: ignore[misc]  # the package has no types
    """A moment in UTC: PostgreSQL takes fewer offsets than RFC 3339 has."""

    def clean(self, value: Any) -> datetime | None:
        """The moment. Raises ValidationError."""
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError("It is outside of the calendar.", code="invalid") from None


class MomentFilter(IsoDateTimeFilter):  # type: ignore[misc]  # the package has no types
    """A filter by a moment."""

    field_class = MomentField


class StrictFilters(DjangoFilterBackend):  # type: ignore[misc]  # the package has no types
    """Refuses empty filters, and parameters that neither they, the pages nor the view's `query_parameters` know."""

    def filter_queryset(self, request: Request, queryset: QuerySet[M], view: Any) -> QuerySet[M]:
        """The rows that the parameters ask for. Raises ValidationError."""
        filterset_class = self.get_filterset_class(view, queryset)
        names = set(filterset_class.base_filters) if filterset_class else set()
        unknown = set(request.query_params) - names - PAGING - set(getattr(view, "query_parameters", ()))
        if unknown:
            message = ErrorDetail("There is no such parameter.", "unknown_parameter")
            raise ValidationError({name: [message] for name in sorted(unknown)})
        if empty := sorted(name for name in names if request.query_params.get(name) == ""):
            message = ErrorDetail("Must not be empty: leave it out to ask for all.", "blank")
            raise ValidationError({name: [message] for name in empty})
        filtered: QuerySet[M] = super().filter_queryset(request, queryset, view)
        return filtered
