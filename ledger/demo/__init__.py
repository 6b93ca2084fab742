"""Two small books in which everything has happened that the ledger knows; `manage.py demo` makes them."""

from ledger.demo.run import BANK, SHOP, make

__all__ = ["BANK", "SHOP", "make"]
