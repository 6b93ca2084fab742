"""A place in a book's chart of accounts where one asset is counted."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.choices import AccountStatus, AccountType, Side
from ledger.models.asset import Asset
from ledger.models.book import Book
from qenex.kernel.ids import uuid7

PATH = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]*(:[A-Za-z0-9][A-Za-z0-9._-]*)*\Z",
    _("Segments of letters, digits, dots, dashes and underscores, joined by colons."),
)


class Account(models.Model):
    """An account; what it holds is in its Balance."""

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="accounts", verbose_name=_("book"))
    code = models.CharField(
        _("code"), max_length=64, validators=[PATH], help_text=_("Short and unique within the book.")
    )
    path = models.CharField(
        _("path"),
        max_length=200,
        validators=[PATH],
        help_text=_("The place in the chart, such as liabilities:customers:42."),
    )
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    type = models.CharField(_("type"), max_length=10, choices=AccountType)
    normal_side = models.SmallIntegerField(_("normal side"), choices=Side, help_text=_("Where the balance grows."))
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", verbose_name=_("asset"))
    owner_ref = models.CharField(_("owner"), max_length=100, blank=True, default="", help_text=_("Your reference."))
    status = models.CharField(_("status"), max_length=10, choices=AccountStatus, default=AccountStatus.OPEN)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint("book", "code", name="account_code_once"),
            models.UniqueConstraint("book", "path", "asset", name="account_path_once"),
            models.CheckConstraint(condition=models.Q(normal_side__in=[1, -1]), name="account_side"),
        ]
        indexes = [
            models.Index("book", "owner_ref", name="account_owner", condition=~models.Q(owner_ref="")),
            models.Index("book", "id", name="account_book"),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.path})" if self.code != self.path else self.code
