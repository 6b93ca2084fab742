"""The staff's pages of the ledger. Nothing but autodiscovery imports them."""

from ledger.admin import accounts, assets, books, holds, journals, limits, transfers

__all__ = ["accounts", "assets", "books", "holds", "journals", "limits", "transfers"]
