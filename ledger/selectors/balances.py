"""What an account holds now, and what it held at any moment.

Every transfer carries both posted balances after it, also those that only touch what is pending. So the balance at a
moment stands in the account's latest transfer until then, which is the later of two index look-ups: the latest among
its debits and the latest among its credits. History's length does not matter.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from ledger.choices import Side
from ledger.errors import NotFound
from ledger.models import Book
from ledger.selectors.queries import WRITER, book_key, rows
from qenex.kernel.money import from_decimal, to_decimal

_NOW = """
SELECT normal_side, debits_posted, credits_posted, debits_pending, credits_pending
FROM ledger_balance WHERE account_id = %(account)s
"""
_LATEST = """
    SELECT balance FROM (
        (SELECT posted_at, debit_balance AS balance FROM ledger_transfer
         WHERE debit_account_id = a.id AND posted_at <= %(at)s ORDER BY posted_at DESC LIMIT 1)
        UNION ALL
        (SELECT posted_at, credit_balance FROM ledger_transfer
         WHERE credit_account_id = a.id AND posted_at <= %(at)s ORDER BY posted_at DESC LIMIT 1)
    ) either ORDER BY posted_at DESC LIMIT 1
"""
LATERAL = f"LEFT JOIN LATERAL ({_LATEST}) latest ON true"
"""Joins the balance at a moment to the account `a`."""
_PAST = """
SELECT a.id, coalesce(latest.balance, 0) FROM {accounts} {latest}
"""
_AT = _PAST.format(accounts="(SELECT id FROM ledger_account WHERE id = %(account)s) a", latest=LATERAL)
_MANY_AT = _PAST.format(accounts="unnest(%(accounts)s::uuid[]) a (id)", latest=LATERAL)
_BOOK_AT = _PAST.format(accounts="(SELECT id FROM ledger_account WHERE book_id = %(book)s) a", latest=LATERAL)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class BalanceView:
    """An account's balance on its normal side. Of a past moment only what was posted is known."""

    posted: Decimal
    pending_in: Decimal | None
    """What holds may yet bring."""
    pending_out: Decimal | None
    """What holds may yet take away."""
    available: Decimal | None
    """Posted less what holds may yet take away."""
    debits: Decimal | None
    credits: Decimal | None
    at: datetime | None
    """The past moment; none for the present."""


def account_balance(account_id: UUID, *, at: datetime | None = None, using: str = WRITER) -> BalanceView:
    """The balance of an account now, or as it stood just after the moment `at`. One query. Raises NotFound."""
    found = rows(using, _AT if at else _NOW, {"account": account_id, "at": at})
    if not found:
        raise NotFound(f"there is no account {account_id}")
    if at is not None:
        return BalanceView(found[0][1], None, None, None, None, None, at)
    return _view(*found[0])


def balances_at(accounts: Collection[UUID] | Book, at: datetime, *, using: str = WRITER) -> dict[UUID, Decimal]:
    """The posted balances, on the normal side, of accounts by id or of a whole book, just after a moment. One query.

    It costs two index look-ups an account; an account without transfers until then has zero.
    """
    if isinstance(accounts, Book):
        return dict(rows(using, _BOOK_AT, {"book": book_key(accounts), "at": at}))
    return dict(rows(using, _MANY_AT, {"accounts": list(accounts), "at": at}))


def _view(
    side: int, debits: Decimal, credits: Decimal, debits_pending: Decimal, credits_pending: Decimal
) -> BalanceView:
    grows_by_debits = side == Side.DEBIT
    pending_in, pending_out = (
        (debits_pending, credits_pending) if grows_by_debits else (credits_pending, debits_pending)
    )
    posted = (from_decimal(debits) - from_decimal(credits)) * side
    available = posted - from_decimal(pending_out)
    return BalanceView(to_decimal(posted), pending_in, pending_out, to_decimal(available), debits, credits, None)
