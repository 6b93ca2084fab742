"""What may be asked of the trail. Nothing here writes; all of it reads what is never changed."""

from compliance.selectors.checkpoints import newest, published, tile
from compliance.selectors.proofs import Consistency, Inclusion, consistency, inclusion
from compliance.selectors.receipts import event_receipt, transfer_receipt

__all__ = [
    "Consistency",
    "Inclusion",
    "consistency",
    "event_receipt",
    "inclusion",
    "newest",
    "published",
    "tile",
    "transfer_receipt",
]
