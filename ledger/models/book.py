"""A legal entity's set of accounts: the unit of ordering, locking and scale-out."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.choices import BookStatus
from qenex.kernel.ids import uuid7

CODE = RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", _("Letters, digits, dots, dashes and underscores only."))


class Book(models.Model):
    """A set of accounts that balance among themselves."""

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=64, unique=True, validators=[CODE])
    name = models.CharField(_("name"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=BookStatus, default=BookStatus.OPEN)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), editable=False)

    class Meta:
        verbose_name = _("book")
        verbose_name_plural = _("books")

    def __str__(self) -> str:
        return self.code


class BookHead(models.Model):
    """Where a book stands: every write in the book, made under the book's lock, moves its head.

    A process that remembers balances may use them for as long as the head has not moved without it.
    """

    not_audited = "Moves with every batch; what it leads to is in the batch's event."

    book = models.OneToOneField(Book, on_delete=models.PROTECT, primary_key=True, related_name="head")
    batch_id = models.UUIDField(
        _("last batch"), help_text=_("Unlike a counter, it cannot be reached twice by other ways.")
    )
    terms_id = models.UUIDField(
        _("last change of terms"),
        default=uuid7,
        help_text=_("Stays where only counters moved: what else is known of the book's accounts is still so."),
    )
    last_posted_at = models.DateTimeField(
        _("last posting"), help_text=_("The book's transfers are ordered by posting time.")
    )

    class Meta:
        verbose_name = _("head")
        verbose_name_plural = _("heads")

    def __str__(self) -> str:
        return f"{self.book_id} {self.batch_id}"
