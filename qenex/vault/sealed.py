"""What sealed columns have in common: values that stay sealed until somebody reads them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from qenex.vault import envelope, keyring, subjects
from qenex.vault.errors import Unsealed

if TYPE_CHECKING:
    _Base = models.Field[Any, Any]
else:
    _Base = models.Field


class Sealed(bytes):
    """A value as the database holds it."""

    def __repr__(self) -> str:
        return f"Sealed({len(self)} bytes)"

    __str__ = __repr__


class SealedAttribute(DeferredAttribute):
    """Opens the value at each access."""

    field: "Sealing"

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, Sealed):
            return self.field.unseal(instance, value)
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class Sealing(_Base):
    """A field whose column is sealed; vault_rotate seals their columns again."""

    descriptor_class = SealedAttribute

    def __init__(self, *args: Any, purpose: str, subject: str | None = None, **kwargs: Any) -> None:
        # Neither forms nor dumps show it unless somebody asks for that.
        super().__init__(*args, **{"editable": False, "serialize": False, **kwargs})
        self.purpose, self.subject = purpose, subject

    def deconstruct(self) -> Any:
        """Migrations need the type of the column only, but the arguments make the field."""
        name, path, args, kwargs = super().deconstruct()
        kwargs |= {"purpose": self.purpose} | ({"subject": self.subject} if self.subject else {})
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        """A column of bytes."""
        return "BinaryField"

    def get_lookup(self, lookup_name: str) -> Any:
        """Whether there is a value is all that can be asked. A blind index answers which one it is."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def from_db_value(self, value: Any, *args: object) -> Sealed | None:
        """Still sealed: the row that opens it is not known here."""
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        """Seals what is plain. What is sealed stays as it is; in a new row it must open, or it was another's."""
        value = model_instance.__dict__.get(self.attname)
        if value is None and self.attname not in model_instance.__dict__:
            value = getattr(model_instance, self.attname)
        if isinstance(value, Sealed):
            if add:
                self.unseal(model_instance, value)
            return value
        return None if value is None else self.seal(model_instance, value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """The bytes to store. Raises Unsealed for anything plain."""
        if value is None:
            return None
        if not isinstance(value, Sealed):
            raise Unsealed(f"{self.name} is sealed by saving a row, and cannot be written or searched for otherwise")
        return connection.Database.Binary(bytes(value))

    def seal(self, row: models.Model, value: Any) -> Sealed:
        """The value sealed for its place in the row."""
        subject = subjects.of_attribute(row, self.subject) if self.subject else ""
        return Sealed(envelope.seal(self.to_bytes(value), self.place(row), purpose=self.purpose, subject=subject))

    def unseal(self, row: models.Model, sealed: Sealed) -> Any:
        """The plain value. Raises Tampered, Shredded and ProviderUnavailable."""
        return self.from_bytes(envelope.unseal(sealed, self.place(row)))

    def place(self, row: models.Model) -> envelope.Place:
        """Where the value is stored. Raises ValueError for a row without a primary key."""
        if row.pk is None:
            raise ValueError(f"{type(row).__name__} needs its primary key before {self.name} is sealed")
        return self.place_of(row.pk)

    def place_of(self, pk: object) -> envelope.Place:
        """Where the value of the row with this key is stored."""
        assert self.column is not None
        return envelope.Place(self.model._meta.db_table, self.column, str(pk))

    def to_bytes(self, value: Any) -> bytes:
        """The bytes that are sealed."""
        raise NotImplementedError

    def from_bytes(self, plain: bytes) -> Any:
        """The value of bytes that were opened."""
        raise NotImplementedError


def preload(rows: Iterable[models.Model]) -> None:
    """Unwraps the data keys of all sealed values of the rows with one query."""
    values = (
        row.__dict__.get(field.attname)
        for row in rows
        for field in row._meta.concrete_fields
        if isinstance(field, Sealing)
    )
    keyring.preload(envelope.key_id(value) for value in values if isinstance(value, Sealed))
