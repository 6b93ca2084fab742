"""What is counted: currencies, tokens, securities."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.choices import AssetKind
from ledger.models.book import CODE
from qenex.kernel.ids import uuid7
from qenex.kernel.money import SCALE


class Asset(models.Model):
    """A reference table shared by all books; its number of decimal places never changes."""

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=32, unique=True, validators=[CODE])
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=AssetKind, default=AssetKind.CURRENCY)
    places = models.PositiveSmallIntegerField(
        _("decimal places"), help_text=_("Minor units of a currency, up to 18 for a token; fixed for ever.")
    )
    created_at = models.DateTimeField(_("created at"), editable=False)

    class Meta:
        verbose_name = _("asset")
        verbose_name_plural = _("assets")
        constraints = [models.CheckConstraint(condition=models.Q(places__lte=SCALE), name="asset_places")]

    def __str__(self) -> str:
        return self.code
