"""Keyset pages."""

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    """Pages that cost the same wherever they are."""

    ordering = "-id"
