"""Books."""

from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import services
from ledger.api.fields import REFERENCE_PARAMETER, MetadataField, MomentField
from ledger.choices import BookStatus
from ledger.filters import BookFilters
from ledger.models import Book
from ledger.references import find_book
from qenex.access.api.asking import ACCEPTED, AskingMixin
from qenex.kernel.etags import VersionedMixin
from qenex.kernel.fields import StrictSerializer, TextField
from qenex.kernel.idempotent import IdempotentMixin
from qenex.kernel.views import GenericView


class BookSerializer(serializers.Serializer[Book]):
    """A legal entity's set of accounts."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(BookStatus.choices)
    metadata = MetadataField()
    version = serializers.IntegerField()
    created_at = MomentField()


class BookCreateSerializer(StrictSerializer):
    """A book to be opened."""

    code = TextField(max_length=64, help_text="Unique: letters, digits, dots, dashes and underscores.")
    name = TextField(max_length=200)
    metadata = MetadataField(required=False)


class BookUpdateSerializer(StrictSerializer):
    """What may change of a book."""

    name = TextField(max_length=200, required=False)
    status = serializers.ChoiceField(BookStatus.choices, required=False)


class BookListView(IdempotentMixin, GenericView[Book]):
    """All books."""

    queryset = Book.objects.using("reader")
    book_column = "pk"
    serializer_class = BookSerializer
    filterset_class = BookFilters
    required_permissions = {"GET": "ledger.view_book", "POST": "ledger.add_book"}

    @extend_schema(operation_id="books_list", responses=BookSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists books, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(operation_id="books_create", request=BookCreateSerializer, responses={201: BookSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Opens a book."""
        given = BookCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return self.answer_once(request, lambda: services.book_create(**given.validated_data), _shown)


class BookView(AskingMixin, VersionedMixin, GenericView[Book]):
    """One book, by id or code."""

    queryset = Book.objects.all()
    book_column = "pk"
    serializer_class = BookSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "ledger.view_book", "PATCH": "ledger.change_book"}

    @extend_schema(operation_id="books_retrieve", parameters=[REFERENCE_PARAMETER])
    def get(self, request: Request, ref: str) -> HttpResponse:
        """Shows a book."""
        book = self._book(ref, "reader")
        return self.tagged(request, book, lambda: _shown(book))

    @extend_schema(
        operation_id="books_update",
        parameters=[REFERENCE_PARAMETER],
        request=BookUpdateSerializer,
        responses={200: BookSerializer, 202: ACCEPTED},
    )
    def patch(self, request: Request, ref: str) -> HttpResponse:
        """Renames, closes or opens a book."""
        book = self._book(ref, "default")
        given = BookUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        version = self.expected_version(request, book.pk)
        changed = services.book_update(book=book, version=version, **given.validated_data)
        return self.tagged(request, changed, lambda: _shown(changed))

    def _book(self, ref: str, using: str) -> Book:
        id = find_book(ref)
        book = None if id is None else self.get_queryset().using(using).filter(pk=id).first()
        if book is None:
            raise Http404
        return book


def _shown(book: Book) -> dict[str, Any]:
    return BookSerializer(book).data
