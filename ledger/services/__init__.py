"""The only writers of the ledger's tables. Each opens one durable transaction and records one event."""

from ledger.services.accounts import account_create, account_update, accounts_create
from ledger.services.assets import asset_create
from ledger.services.books import book_create, book_update
from ledger.services.exchanges import exchange_post
from ledger.services.holds import hold_post, hold_void, holds_expire
from ledger.services.journals import journal_post, journal_reverse
from ledger.services.limits import limit_create, limit_delete
from ledger.services.rebuild import balances_rebuild
from ledger.services.transfers import transfers_post

__all__ = [
    "account_create",
    "account_update",
    "accounts_create",
    "asset_create",
    "balances_rebuild",
    "book_create",
    "book_update",
    "exchange_post",
    "hold_post",
    "hold_void",
    "holds_expire",
    "journal_post",
    "journal_reverse",
    "limit_create",
    "limit_delete",
    "transfers_post",
]
