"""Setting and removing the limits that the ledger's own gate enforces."""

from decimal import Decimal
from uuid import UUID

from django.contrib.auth.models import Group

from ledger.approvals.demands import demand_limit
from ledger.errors import Invalid, OutOfReach
from ledger.models import Account, Asset, RoleLimit
from ledger.services.transfers import require_reach
from ledger.services.validation import clean
from qenex.kernel import events, scope, transactions


def limit_create(
    *,
    maximum: Decimal,
    role: Group | None = None,
    account: Account | None = None,
    asset: Asset | None = None,
    verdict: str = "refuse",
) -> RoleLimit:
    """Sets the most that one transfer may move: by members of a role, or into or out of an account.

    Raises Invalid where neither or both of role and account are given, or the maximum is no amount; NotFound for an
    account of a book out of reach, OutOfReach for a role's limit of whoever reaches only some books, ApprovalRequired.
    """
    if (role is None) == (account is None):
        raise Invalid("role", "a limit is either a role's or an account's")
    _require_reach(account)

    def command() -> RoleLimit:
        limit = RoleLimit(role=role, account=account, asset=asset, maximum=maximum, verdict=verdict)
        clean(limit)
        if limit.maximum < 0:
            raise Invalid("maximum", "must not be negative")
        demand_limit("create", limit)
        limit.save(force_insert=True)
        events.emit(
            "ledger.limit.created",
            subject_type="limit",
            subject_id=limit.pk,
            book_id=_book(limit),
            data=_facts(limit),
            version=2,
        )
        return limit

    return transactions.run(command)


def limit_delete(*, limit: RoleLimit) -> None:
    """Removes a limit. Raises NotFound, OutOfReach and ApprovalRequired as `limit_create`."""
    _require_reach(limit.account)

    def command() -> None:
        facts, book = _facts(limit), _book(limit)
        demand_limit("delete", limit)
        RoleLimit.objects.filter(pk=limit.pk).delete()
        events.emit(
            "ledger.limit.deleted", subject_type="limit", subject_id=limit.pk, book_id=book, data=facts, version=2
        )

    transactions.run(command)


def _require_reach(account: Account | None) -> None:
    if account is not None:
        require_reach(account.book_id)
    elif scope.books() is not None:
        raise OutOfReach("a role's limit counts in every book, and you reach only some")


def _book(limit: RoleLimit) -> UUID | None:
    return limit.account.book_id if limit.account else None


def _facts(limit: RoleLimit) -> dict[str, object]:
    return {
        "role": limit.role.name if limit.role else None,
        "role_id": limit.role_id,
        "account": limit.account_id,
        "asset": limit.asset_id,
        "maximum": limit.maximum,
        "verdict": limit.verdict,
    }
