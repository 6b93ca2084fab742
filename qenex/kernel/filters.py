"""Filtering lists by query parameters; a misspelt parameter must not answer with everything."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

M = TypeVar("M", bound=Model)

PAGING = frozenset({"cursor", "limit"})


class StrictFilters(DjangoFilterBackend):  # type: ignore[misc]  # the package has no types
    """Refuses query parameters that neither the filters, the pages nor the view's `query_parameters` know."""

    def filter_queryset(self, request: Request, queryset: QuerySet[M], view: Any) -> QuerySet[M]:
        """The rows that the parameters ask for. Raises ValidationError."""
        filterset_class = self.get_filterset_class(view, queryset)
        names = set(filterset_class.base_filters) if filterset_class else set()
        unknown = set(request.query_params) - names - PAGING - set(getattr(view, "query_parameters", ()))
        if unknown:
            message = ErrorDetail("There is no such parameter.", "unknown_parameter")
            raise ValidationError({name: [message] for name in sorted(unknown)})
        filtered: QuerySet[M] = super().filter_queryset(request, queryset, view)
        return filtered
