"""Model fields that are sealed in the database and plain in Python.

    secret = EncryptedTextField(purpose="totp", subject="user_id")

`subject` names the attribute of the row that says whose data it is (a foreign key's `user_id`, the row's own key, a
UUID); without it the purpose has one key. The row's primary key must be known before it is saved. A value is opened
when it is read, so a list of rows opens nothing that it does not show; `preload` unwraps the keys of many at once.
A value cannot be searched for, and cannot be written by `update` or `bulk_update`, which know no row.
"""

from typing import TYPE_CHECKING, Any

from django.db import models

from qenex.vault.blindindex import BlindIndexField
from qenex.vault.sealed import Sealed, Sealing, preload

__all__ = ["BlindIndexField", "EncryptedBinaryField", "EncryptedTextField", "Sealed", "preload"]

if TYPE_CHECKING:
    _TextBase = models.Field[str | None, Any]
    _BinaryBase = models.Field[bytes | None, Any]
else:
    _TextBase = _BinaryBase = models.Field


class EncryptedTextField(Sealing, _TextBase):
    """A text, sealed as UTF-8."""

    def to_bytes(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise TypeError(f"{self.name} must be a str, not {type(value).__name__}")
        return value.encode()

    def from_bytes(self, plain: bytes) -> str:
        return plain.decode()


class EncryptedBinaryField(Sealing, _BinaryBase):
    """Bytes, sealed."""

    def to_bytes(self, value: Any) -> bytes:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise TypeError(f"{self.name} must be bytes, not {type(value).__name__}")
        return bytes(value)

    def from_bytes(self, plain: bytes) -> bytes:
        return plain
