"""The base classes of every API view."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import generics, views
from rest_framework.request import Request

from qenex.kernel import scope
from qenex.kernel.context import acting, current
from qenex.kernel.middleware import session_id, sign_in

M = TypeVar("M", bound=Model)


class ContextMixin(views.APIView):
    """Carries the authenticated user into the context of the view's commands."""

    required_permissions: dict[str, str] = {}
    """HTTP method → permission, such as `{"GET": "ledger.view_book"}`; methods that are not named are refused."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answers the request; what authentication learns about the actor ends with it."""
        with acting(current()):
            try:
                return super().dispatch(request, *args, **kwargs)
            finally:
                request.acted_as = current()  # type: ignore[attr-defined]  # ours: for who looks from outside

    def perform_authentication(self, request: Request) -> None:
        """Authenticates, and makes the user the actor; classes but Django's own of sessions name their `method`.

        What a class answers beside the user may have `books`, to which the request is narrowed further, and `key_id`,
        what the user was known by.
        """
        super().perform_authentication(request)
        method = getattr(request.successful_authenticator, "method", "session")
        own = session_id(request._request) if method == "session" else None
        sign_in(request.user, method, getattr(request.auth, "key_id", own))
        books: scope.Books = getattr(request.auth, "books", None)
        if books is not None:
            scope.restrict(books)


class APIView(ContextMixin):
    """A view of no particular model."""


class GenericView(ContextMixin, generics.GenericAPIView[M]):
    """A view of a model's rows; lists are paged in the order of `ordering`, whose last field is unique."""

    ordering: tuple[str, ...] = ("-id",)
    book_column = ""
    """Where the rows have their book; rows of books out of reach are then as if they were not there."""

    def get_queryset(self) -> QuerySet[M]:
        """The rows in reach."""
        rows = super().get_queryset()
        return scope.narrowed(rows, self.book_column) if self.book_column else rows
