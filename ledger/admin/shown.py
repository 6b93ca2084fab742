"""How amounts, accounts and states look on pages."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from ledger.models import Account
from qenex.kernel.money import SCALE, format_units, from_decimal

DASH = "\N{EN DASH}"


def amount(value: Decimal, places: int = SCALE) -> str:
    """An amount with its asset's decimal places, and more only where they are not zero; thousands are set apart."""
    return number_format(Decimal(format_units(from_decimal(value), places)), force_grouping=True)


def nonzero(value: Decimal, places: int) -> str:
    """An amount, or a dash for nothing."""
    return amount(value, places) if value else DASH


def status(value: str, label: Any) -> SafeString:
    """A state as a word in its own colour."""
    return format_html('<span class="status status-{}">{}</span>', value, label)


def accounts_by_id(ids: Iterable[UUID], using: str) -> dict[UUID, Account]:
    """The accounts of these ids, with their assets. One query."""
    return Account.objects.using(using).select_related("asset").in_bulk(list(set(ids)))


def account_link(account: Account | None, id: UUID) -> SafeString:
    """An account's code, linked to its page, with its name on demand."""
    url = page("account", id)
    if account is None:
        return format_html('<a href="{}">{}</a>', url, id)
    return format_html('<a href="{}" title="{}">{}</a>', url, account.name or account.path, account.code)


def page(model: str, id: Any) -> str:
    """The address of an object's page."""
    return reverse(f"admin:ledger_{model}_change", args=[id])


def listing(model: str, **parameters: Any) -> str:
    """The address of a list with these filters."""
    query = urlencode({name: value for name, value in parameters.items() if value not in (None, "")})
    return reverse(f"admin:ledger_{model}_changelist") + (f"?{query}" if query else "")
