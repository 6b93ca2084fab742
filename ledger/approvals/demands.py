"""What services ask before they change the terms of posting. Each raises ApprovalRequired where a policy says so."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ledger.choices import AccountStatus
from ledger.models import Account, Book, RoleLimit
from qenex.access import approvals

ACCOUNT = "ledger.account.update"
BOOK = "ledger.book.update"
LIMIT = "ledger.limit.change"
Changes = Mapping[str, tuple[Any, Any]]


def demand_account(account: Account, version: int, changes: Changes) -> None:
    """Asks for a second person for another floor, and for the end of a freeze. To freeze is for anybody, at once."""
    opened = changes.get("status", ("", ""))[1] == AccountStatus.OPEN
    if "floor" in changes or opened:
        payload = {"account": str(account.pk), "version": version, "changes": _after(changes)}
        approvals.demand(ACCOUNT, payload, book=account.book_id)


def demand_book(book: Book, version: int, changes: Changes) -> None:
    """Asks for a second person for any change of a book."""
    payload = {"book": str(book.pk), "version": version, "changes": _after(changes)}
    approvals.demand(BOOK, payload, book=book.pk)


def demand_limit(action: str, limit: RoleLimit) -> None:
    """Asks for a second person for a new limit, or the end of one."""
    terms = {
        "role": limit.role_id,
        "account": limit.account_id and str(limit.account_id),
        "asset": limit.asset_id and str(limit.asset_id),
        "maximum": f"{limit.maximum.normalize():f}",
        "verdict": limit.verdict,
    }
    payload = {"limit": str(limit.pk)} if action == "delete" else terms
    book = limit.account.book_id if limit.account else None
    approvals.demand(LIMIT, {"action": action, **payload}, book=book)


def _after(changes: Changes) -> dict[str, Any]:
    return {name: f"{after:f}" if isinstance(after, Decimal) else after for name, (_, after) in changes.items()}
