"""Lists that stay fast on any number of rows: one form of filters, pages by key, and an end to patience."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import OperationalError, connections, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from ledger.admin.shown import DASH
from ledger.forms.filters import READER, FilterForm
from qenex.admin import KeysetAdmin, KeysetChangeList
from qenex.kernel import scope
from qenex.kernel.transactions import sql_state

M = TypeVar("M", bound=Model)

PATIENCE_MS = 8_000
QUERY_CANCELED = "57014"


class TooSlow(Exception):
    """The database was asked for something that takes longer than anybody waits for a page."""


@contextmanager
def patience(using: str, milliseconds: int = PATIENCE_MS) -> Iterator[None]:
    """Runs the block's queries in one transaction, for so long each. Raises TooSlow."""
    try:
        with transaction.atomic(using=using):
            with connections[using].cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {int(milliseconds)}")
            yield
    except OperationalError as error:
        if sql_state(error) == QUERY_CANCELED:
            raise TooSlow from error
        raise


class LedgerChangeList(KeysetChangeList):
    """A page of what its form of filters asks for."""

    model_admin: "ListAdmin[Any]"
    form: FilterForm | None = None
    too_slow = False

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The rows that the form lets through; none where it is not valid."""
        form_class = self.model_admin.filter_form
        if form_class is None:
            return super().get_queryset(request, exclude_parameters)
        self.form = form = form_class(request.GET)
        for name in form.fields:
            self.filter_params.pop(name, None)
        queryset = super().get_queryset(request, exclude_parameters)
        # Django's own filters know nothing of these; the links to other pages keep them.
        self.filter_params |= {name: [value] for name, value in form.data.items() if value}
        return form.narrow(queryset) if form.is_valid() else queryset.none()

    def get_results(self, request: HttpRequest) -> None:
        """One page, with what its rows name. A search without end is given up."""
        try:
            with patience(self.queryset.db):
                super().get_results(request)
                self.model_admin.complete(list(self.result_list), self.queryset.db)
        except TooSlow:
            self.too_slow = True
            self.queryset = self.queryset.none()
            super().get_results(request)


class ListAdmin(KeysetAdmin[M]):
    """A list of the ledger."""

    filter_form: type[FilterForm] | None = None
    book_column = "book_id"
    """Where the rows have their book: those of books out of reach are not there. Empty for what every book shares."""
    change_list_template = "ledger/admin/change_list.html"
    list_per_page = 100
    empty_value_display = DASH

    def tools(self, request: HttpRequest, book: str) -> list[tuple[str, str]]:
        """What else leads away from the list: address and label."""
        return []

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LedgerChangeList]:
        """The list class."""
        return LedgerChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under its own name."""
        title = capfirst(self.opts.verbose_name_plural)
        context = {"title": title, "tools": self.tools(request, request.GET.get("book", "")), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        """The rows, from the reader's database."""
        return self.reached(super().get_queryset(request).using(READER))

    def reached(self, rows: QuerySet[M]) -> QuerySet[M]:
        """The rows that are in reach of whoever is acting."""
        return scope.narrowed(rows, self.book_column) if self.book_column else rows

    def complete(self, page: list[M], using: str) -> None:
        """Fetches what the rows of a page name only by id."""
