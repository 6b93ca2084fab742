"""Money set aside until it is posted, voided or runs out of time."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.choices import HoldStatus
from ledger.models.fields import AmountField
from qenex.kernel.audited import AT_ONCE

ZERO = Decimal(0)


class Hold(models.Model):
    """The state of a pending transfer; its id is the transfer's."""

    audited = AT_ONCE

    id = models.UUIDField(primary_key=True, editable=False)
    book_id = models.UUIDField(_("book"))
    debit_account_id = models.UUIDField(_("debit account"))
    credit_account_id = models.UUIDField(_("credit account"))
    asset_id = models.UUIDField(_("asset"))
    amount = AmountField(_("amount"))
    posted_amount = AmountField(_("posted"), default=ZERO)
    status = models.CharField(_("status"), max_length=10, choices=HoldStatus, default=HoldStatus.OPEN)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)

    class Meta:
        permissions = [("resolve_hold", "Can post and void holds")]
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.CheckConstraint(
                condition=Q(posted_amount__gte=0) & Q(posted_amount__lte=F("amount")), name="hold_posted_within_amount"
            )
        ]
        indexes = [
            models.Index("expires_at", "id", name="hold_expiry", condition=Q(status="open", expires_at__isnull=False)),
            models.Index("book_id", "created_at", name="hold_order"),
            models.Index("book_id", "created_at", name="hold_open_order", condition=Q(status="open")),
            models.Index("debit_account_id", name="hold_open_debits", condition=Q(status="open")),
            models.Index("credit_account_id", name="hold_open_credits", condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def remaining(self) -> Decimal:
        """What may still be posted."""
        return self.amount - self.posted_amount if self.status == HoldStatus.OPEN else ZERO
