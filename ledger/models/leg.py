"""A transfer as one of its two accounts sees it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.choices import Side
from ledger.models.fields import AmountField
from ledger.models.transfer import TransferFields


class Leg(TransferFields):
    """A row of the view `ledger_leg`, which has every transfer twice. Always filter it by account."""

    account_id = models.UUIDField(_("account"))
    side = models.SmallIntegerField(_("side"), choices=Side, help_text=_("Whether it debits or credits the account."))
    balance = AmountField(_("balance after"), help_text=_("Posted, on the account's normal side."))

    class Meta:
        managed = False
        db_table = "ledger_leg"
        default_permissions = ()
        verbose_name = _("leg")
        verbose_name_plural = _("legs")
