"""The ledger's states as its events and transfers tell of them, each with the projector that builds it again."""

from ledger.projections.accounts import Accounts
from ledger.projections.balances import Balances
from ledger.projections.books import Assets, Books
from ledger.projections.holds import Holds
from ledger.projections.limits import Limits

__all__ = ["Accounts", "Assets", "Balances", "Books", "Holds", "Limits"]
