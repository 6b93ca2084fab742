"""What may be asked of the ledger. Nothing here writes; `using` names the database alias to ask."""

from ledger.selectors.balances import BalanceView, account_balance, balances_at
from ledger.selectors.leaves import TransferLeaf, transfer_leaves
from ledger.selectors.legs import transfers_of_account
from ledger.selectors.tree import AccountNode, Subtotal, TreeAccount, account_tree
from ledger.selectors.trial import TrialBalance, TrialBalanceRow, TrialBalanceTotal, trial_balance

__all__ = [
    "AccountNode",
    "BalanceView",
    "Subtotal",
    "TransferLeaf",
    "TreeAccount",
    "TrialBalance",
    "TrialBalanceRow",
    "TrialBalanceTotal",
    "account_balance",
    "account_tree",
    "balances_at",
    "transfer_leaves",
    "transfers_of_account",
    "trial_balance",
]
