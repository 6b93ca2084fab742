"""Hashes in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"type": "string", "pattern": "^[0-9a-f]{64}$"})
class HashField(serializers.Field[bytes, str, str, Any]):
    """SHA-256 in hexadecimal."""

    def to_representation(self, value: bytes) -> str:
        """The 64 digits."""
        return value.hex()
