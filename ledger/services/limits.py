"""Setting and removing the limits that the ledger's own gate enforces."""

from decimal import Decimal

from django.contrib.auth.models import Group

from ledger.errors import Invalid
from ledger.models import Account, Asset, RoleLimit
from ledger.services.validation import clean
from qenex.kernel import events, transactions


def limit_create(
    *,
    maximum: Decimal,
    role: Group | None = None,
    account: Account | None = None,
    asset: Asset | None = None,
    verdict: str = "refuse",
) -> RoleLimit:
    """Sets the most that one transfer may move: by members of a role, or into or out of an account.

    Raises Invalid where neither or both of role and account are given, or the maximum is no amount.
    """
    if (role is None) == (account is None):
        raise Invalid("role", "a limit is either a role's or an account's")

    def command() -> RoleLimit:
        limit = RoleLimit(role=role, account=account, asset=asset, maximum=maximum, verdict=verdict)
        clean(limit)
        if limit.maximum < 0:
            raise Invalid("maximum", "must not be negative")
        limit.save(force_insert=True)
        events.emit("ledger.limit.created", subject_type="limit", subject_id=limit.pk, data=_facts(limit))
        return limit

    return transactions.run(command)


def limit_delete(*, limit: RoleLimit) -> None:
    """Removes a limit."""

    def command() -> None:
        facts = _facts(limit)
        RoleLimit.objects.filter(pk=limit.pk).delete()
        events.emit("ledger.limit.deleted", subject_type="limit", subject_id=limit.pk, data=facts)

    transactions.run(command)


def _facts(limit: RoleLimit) -> dict[str, object]:
    return {
        "role": limit.role.name if limit.role else None,
        "account": limit.account_id,
        "asset": limit.asset_id,
        "maximum": limit.maximum,
        "verdict": limit.verdict,
    }
