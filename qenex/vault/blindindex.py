"""Exact look-up of sealed texts: HMAC-SHA256 of the normalised text under a key of the purpose.

    email = EncryptedTextField(purpose="contact", subject="id")
    email_index = BlindIndexField(of="email", purpose="email", normalise=casefolded, db_index=True)

    Party.objects.filter(email_index="Anna@Example.org")

Equal texts have equal indexes: whoever reads the table sees which rows agree, and nothing else. The key of an index is
wrapped again by a rotation but never renewed, so that look-ups and unique constraints hold all the time. Shredding a
subject does not touch its indexes: whoever erases a row sets its text to None, which empties both.
A row saved with `update_fields` names the index beside its text.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import models

from qenex.vault import keyring
from qenex.vault.encoding import parts
from qenex.vault.models import DataKey
from qenex.vault.sealed import Sealed

if TYPE_CHECKING:
    _Base = models.Field[Any, Any]
else:
    _Base = models.Field

Normalise = Callable[[str], str]


def exact(text: str) -> str:
    """The text itself, however its accents are composed (NFC)."""
    return unicodedata.normalize("NFC", text)


def casefolded(text: str) -> str:
    """The text without regard to case, width and surrounding blanks (NFKC, case folding): mail addresses, names."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def compact(text: str) -> str:
    """The letters and digits alone, in capitals: account and document numbers, however they are grouped."""
    return "".join(character for character in unicodedata.normalize("NFKC", text).upper() if character.isalnum())


class Digest(bytes):
    """An index as it is stored: 32 bytes."""


def digest(purpose: str, text: str) -> Digest:
    """The index of a normalised text. Raises ProviderUnavailable."""
    key = keyring.live(purpose, use=DataKey.Use.INDEX)
    return Digest(hmac.new(key.secret, parts("qenex.vault.index", text), hashlib.sha256).digest())


class BlindIndexField(_Base):
    """The index of another column of the row, written whenever the row is."""

    def __init__(self, *args: Any, of: str, purpose: str, normalise: Normalise = exact, **kwargs: Any) -> None:
        super().__init__(*args, **{"editable": False, "serialize": False, "null": True, **kwargs})
        self.of, self.purpose, self.normalise = of, purpose, normalise

    def deconstruct(self) -> Any:
        """With the arguments that make the field."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"of": self.of, "purpose": self.purpose, "normalise": self.normalise}

    def get_internal_type(self) -> str:
        """A column of bytes."""
        return "BinaryField"

    def get_lookup(self, lookup_name: str) -> Any:
        """Equal, one of several, or none: an index has no order and no parts."""
        return super().get_lookup(lookup_name) if lookup_name in ("exact", "in", "isnull") else None

    def from_db_value(self, value: Any, *args: object) -> Digest | None:
        """The 32 bytes."""
        return None if value is None else Digest(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Digest | None:
        """Computes the index anew, unless the text is as it was read."""
        known = model_instance.__dict__.get(self.attname)
        if isinstance(model_instance.__dict__.get(self.of), Sealed) and isinstance(known, Digest):
            return known
        text = getattr(model_instance, self.of)
        found = None if text is None else digest(self.purpose, self.normalise(text))
        setattr(model_instance, self.attname, found)
        return found

    def get_prep_value(self, value: Any) -> Any:
        """The index of a text that is looked for."""
        if value is None or isinstance(value, Digest):
            return value
        if not isinstance(value, str):
            raise TypeError(f"{self.name} is looked for by a text, not by {type(value).__name__}")
        return digest(self.purpose, self.normalise(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """The bytes to store or to compare with."""
        value = value if prepared else self.get_prep_value(value)
        return None if value is None else connection.Database.Binary(bytes(value))
