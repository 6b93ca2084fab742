"""What a form says before somebody sends what will only be asked for."""

from decimal import Decimal
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from qenex.access.approvals import registry
from qenex.access.approvals.directory import asset_name
from qenex.access.approvals.policy import policies_of


def notice(command: str, book: UUID | None) -> str:
    """That a second person is needed, or above which amounts; empty where nobody is."""
    kind = registry.find(command)
    policies = policies_of(kind.governed_by, book)
    if any(policy.above is None and (policy.command == command or not kind.measured) for policy in policies):
        return _("A second person must approve this: it will be requested, not done.")
    measured = [(asset_name(policy.asset_id), policy.above) for policy in policies if policy.above is not None]
    if not measured:
        return ""
    amounts = ", ".join(f"{_amount(above)} {asset}" for asset, above in sorted(measured))
    return _("Above %(amounts)s a second person must approve this: it will be requested, not done.") % {
        "amounts": amounts
    }


def _amount(value: Decimal) -> str:
    return number_format(Decimal(f"{value.normalize():f}"), force_grouping=True)
