"""A row with every kind of sealed column."""

from django.db import models

from qenex.kernel.ids import uuid7
from qenex.vault.blindindex import BlindIndexField, casefolded
from qenex.vault.fields import EncryptedBinaryField, EncryptedTextField


class Note(models.Model):
    """What somebody wrote, about somebody."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.UUIDField(null=True)
    text = EncryptedTextField(purpose="notes", subject="person", null=True)
    other = EncryptedTextField(purpose="notes", subject="person", null=True)
    raw = EncryptedBinaryField(purpose="raw", null=True)
    mail = EncryptedTextField(purpose="mail", subject="person", null=True)
    mail_index = BlindIndexField(of="mail", purpose="mail", normalise=casefolded, unique=True)

    def __str__(self) -> str:
        return str(self.id)


class Copy(models.Model):
    """The same columns in another table."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.UUIDField(null=True)
    text = EncryptedTextField(purpose="notes", subject="person", null=True)

    def __str__(self) -> str:
        return str(self.id)
