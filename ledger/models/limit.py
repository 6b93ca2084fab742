"""Per-account and per-role limits: the first implementation of the gate protocol."""

from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.models.account import Account
from ledger.models.asset import Asset
from ledger.models.fields import AmountField
from qenex.kernel.ids import uuid7


class RoleLimit(models.Model):
    """The most that one transfer may move: of an asset by members of a role, or out of an account by anybody."""

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    role = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    maximum = AmountField(_("maximum"), help_text=_("Larger transfers get the verdict below."))
    verdict = models.CharField(
        _("verdict"), max_length=10, choices=[("hold", _("hold")), ("refuse", _("refuse"))], default="refuse"
    )

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__isnull=True, account__isnull=False)
                | models.Q(role__isnull=False, account__isnull=True),
                name="limit_role_or_account",
            ),
            models.CheckConstraint(condition=models.Q(maximum__gte=0), name="limit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.role or self.account}: {self.maximum}"
