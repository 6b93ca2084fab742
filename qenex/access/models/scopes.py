"""The books that a person's roles reach."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BookScope(models.Model):
    """One book that a user reaches. Who has no such row reaches every book that his roles do.

    A book is named by its id alone: access stands below the ledger and knows nothing of its tables.
    """

    audited = True

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="book_scopes", verbose_name=_("user")
    )
    book_id = models.UUIDField(_("book"))

    class Meta:
        verbose_name = _("book in reach")
        verbose_name_plural = _("books in reach")
        constraints = [models.UniqueConstraint(fields=["user", "book_id"], name="book_scope_once")]

    def __str__(self) -> str:
        return str(self.book_id)
