"""What may be asked of the trail. Nothing here writes; all of it reads what is never changed."""

from compliance.selectors.checkpoints import newest, published, tile
from compliance.selectors.eventtypes import event_types
from compliance.selectors.places import Place, place, positions, positions_between
from compliance.selectors.proofs import Consistency, Inclusion, consistency, inclusion
from compliance.selectors.receipts import event_receipt, transfer_receipt
from compliance.selectors.witnesses import Witnessed, cosignatures, witnesses

__all__ = [
    "Consistency",
    "Inclusion",
    "Place",
    "Witnessed",
    "consistency",
    "cosignatures",
    "event_receipt",
    "event_types",
    "inclusion",
    "newest",
    "place",
    "positions",
    "positions_between",
    "published",
    "tile",
    "transfer_receipt",
    "witnesses",
]
