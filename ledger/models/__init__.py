from ledger.models.account import Account
from ledger.models.asset import Asset
from ledger.models.balance import Balance
from ledger.models.book import Book, BookHead
from ledger.models.hold import Hold
from ledger.models.journal import Journal
from ledger.models.leg import Leg
from ledger.models.limit import RoleLimit
from ledger.models.transfer import Transfer

__all__ = ["Account", "Asset", "Balance", "Book", "BookHead", "Hold", "Journal", "Leg", "RoleLimit", "Transfer"]
