"""One row, two legs: an unbalanced entry cannot be written."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.choices import TransferKind
from ledger.models.fields import ABOVE_ALL, AmountField
from qenex.kernel.ids import uuid7


class TransferFields(models.Model):
    """The columns of a transfer: an amount moved from the credited to the debited account, or held."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    book_id = models.UUIDField(_("book"))
    debit_account_id = models.UUIDField(_("debit account"))
    credit_account_id = models.UUIDField(_("credit account"))
    asset_id = models.UUIDField(_("asset"))
    amount = AmountField(_("amount"))
    debit_balance = AmountField(_("debit balance after"), help_text=_("Posted, on the account's normal side."))
    credit_balance = AmountField(_("credit balance after"), help_text=_("Posted, on the account's normal side."))
    posted_at = models.DateTimeField(
        _("posted at"), help_text=_("Strictly increasing within a book: the ledger's order.")
    )
    value_date = models.DateField(_("value date"))
    kind = models.SmallIntegerField(_("kind"), choices=TransferKind)
    code = models.IntegerField(_("code"), default=1, help_text=_("Your own number for the reason of the movement."))
    event_id = models.UUIDField(_("event"))
    journal_id = models.UUIDField(_("journal"), null=True)
    origin_id = models.UUIDField(
        _("origin"),
        null=True,
        help_text=_("The hold that is posted, voided or expired, or the transfer that is reversed."),
    )
    reference = models.CharField(_("reference"), max_length=200, blank=True, default="")
    metadata = models.JSONField(_("metadata"), null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


class Transfer(TransferFields):
    """An amount moved from the credited to the debited account, or held, with both posted balances after it.

    References are plain UUIDs: the posting engine checks them under the book's lock, and a foreign key would cost a
    probe a leg. The database refuses UPDATE, DELETE and TRUNCATE.
    """

    append_only = True
    audited = True

    class Meta:
        permissions = [("post_transfer", "Can post transfers")]
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) & Q(amount__lt=ABOVE_ALL), name="transfer_amount_positive"
            ),
            models.CheckConstraint(condition=~Q(debit_account_id=F("credit_account_id")), name="transfer_two_accounts"),
        ]
        indexes = [
            models.Index("book_id", "posted_at", name="transfer_order"),
            models.Index("debit_account_id", "posted_at", name="transfer_debits"),
            models.Index("credit_account_id", "posted_at", name="transfer_credits"),
            models.Index("journal_id", name="transfer_journal", condition=Q(journal_id__isnull=False)),
            models.Index("origin_id", name="transfer_origin", condition=Q(origin_id__isnull=False)),
        ]
