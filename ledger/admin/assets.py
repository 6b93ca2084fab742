"""Assets: what is counted."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import services
from ledger.admin import shown
from ledger.admin.base import LedgerAdmin
from ledger.admin.commands import CommandPage
from ledger.choices import AssetKind
from ledger.models import Asset
from qenex.kernel.money import SCALE


class AssetForm(forms.Form):
    """A new asset."""

    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=32, help_text=gettext_lazy("A currency's ISO 4217 code, or your own.")
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=AssetKind.choices)
    places = forms.IntegerField(
        label=gettext_lazy("Decimal places"),
        min_value=0,
        max_value=SCALE,
        help_text=gettext_lazy("Minor units of a currency, up to 18 for a token; fixed for ever."),
    )


class AddAsset(CommandPage):
    """Adds an asset."""

    label = gettext_lazy("Add asset")
    permission = "ledger.add_asset"
    form_class = AssetForm

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls asset_create."""
        asset = services.asset_create(**data)
        return shown.page("asset", asset.pk), _("The asset %(asset)s was added.") % {"asset": asset}


@admin.register(Asset)
class AssetAdmin(LedgerAdmin[Asset]):
    """Currencies, tokens and securities."""

    keyset = ("code",)
    book_column = ""
    list_display = ("code", "name", "kind", "places")
    fields = ("code", "name", "kind", "places", "created_at", "id")
    readonly_fields = fields
    event_subject = "asset"
    add_page = AddAsset
