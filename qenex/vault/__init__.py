"""Keys and what they keep secret: envelope encryption, key providers, encrypted model fields, signing keys."""

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from django.db import models


def crypto_shred(subject: "models.Model | UUID | str") -> int:
    """Destroys every key of a subject for ever and returns how many there were; see `qenex.vault.shredding`."""
    from qenex.vault.shredding import crypto_shred as shred  # models are not loaded when this package is

    return shred(subject)
