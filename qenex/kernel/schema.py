"""The OpenAPI document."""

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """Adds what every operation has."""
