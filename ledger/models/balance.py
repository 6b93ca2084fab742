"""What an account holds now."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.choices import Side
from ledger.models.account import Account
from ledger.models.fields import ABOVE_ALL, AmountField
from qenex.kernel.audited import AT_ONCE
from qenex.kernel.money import from_decimal, to_decimal

ZERO = Decimal(0)


def _above_floor(side: Side, grow: str, shrink: str) -> Q:
    """Posted growth less posted and pending shrinkage stays at or above the floor on accounts of this side."""
    available = F(grow) - F(shrink) - F(f"{shrink.removesuffix('_posted')}_pending")
    return ~Q(normal_side=side) | Q(floor__isnull=True) | Q(floor__lte=available)


class Balance(models.Model):
    """The four counters of an account, its limit, and the constraints that hold whatever wrote them."""

    audited = AT_ONCE

    account = models.OneToOneField(Account, on_delete=models.PROTECT, primary_key=True, related_name="balance")
    book_id = models.UUIDField(_("book"))
    normal_side = models.SmallIntegerField(_("normal side"), choices=Side)
    floor = AmountField(
        _("floor"),
        null=True,
        blank=True,
        help_text=_("The available balance never falls below it: 0 forbids overdrafts, empty allows any."),
    )
    debits_posted = AmountField(_("debits posted"), default=ZERO)
    credits_posted = AmountField(_("credits posted"), default=ZERO)
    debits_pending = AmountField(_("debits pending"), default=ZERO)
    credits_pending = AmountField(_("credits pending"), default=ZERO)

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            models.CheckConstraint(
                condition=Q(debits_posted__gte=0)
                & Q(credits_posted__gte=0)
                & Q(debits_pending__gte=0)
                & Q(credits_pending__gte=0)
                & Q(debits_posted__lt=ABOVE_ALL)
                & Q(credits_posted__lt=ABOVE_ALL)
                & Q(debits_pending__lt=ABOVE_ALL)
                & Q(credits_pending__lt=ABOVE_ALL),
                name="balance_counters_not_negative",
            ),
            models.CheckConstraint(
                condition=_above_floor(Side.CREDIT, "credits_posted", "debits_posted"), name="balance_credit_floor"
            ),
            models.CheckConstraint(
                condition=_above_floor(Side.DEBIT, "debits_posted", "credits_posted"), name="balance_debit_floor"
            ),
        ]

    def __str__(self) -> str:
        return str(self.posted)

    @property
    def posted(self) -> Decimal:
        """What was posted, on the account's normal side. Computed in units: Decimal's subtraction may round."""
        return to_decimal((from_decimal(self.debits_posted) - from_decimal(self.credits_posted)) * self.normal_side)

    @property
    def pending_out(self) -> Decimal:
        """What holds may yet take away."""
        pending: Decimal = self.credits_pending if self.normal_side == Side.DEBIT else self.debits_pending
        return pending

    @property
    def pending_in(self) -> Decimal:
        """What holds may yet bring."""
        pending: Decimal = self.debits_pending if self.normal_side == Side.DEBIT else self.credits_pending
        return pending

    @property
    def available(self) -> Decimal:
        """What may be spent before the floor: posted less what holds may yet take away."""
        return to_decimal(from_decimal(self.posted) - from_decimal(self.pending_out))
