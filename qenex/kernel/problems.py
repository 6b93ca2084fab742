"""Problem details (RFC 9457): every error of the API has one shape and a stable code."""

from rest_framework.views import exception_handler as exception_handler

__all__ = ["exception_handler"]
