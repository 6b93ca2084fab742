"""Receipts: a leaf, its proof and the checkpoint in one file."""

from uuid import UUID

from compliance.errors import NotSealed
from compliance.models import Leaf
from compliance.selectors.checkpoints import READER, newest, published
from compliance.selectors.proofs import inclusion
from compliance.trail import merkle
from compliance.trail.entry import event_leaf
from compliance.trail.receipt import Receipt
from ledger.models import Transfer
from ledger.selectors import transfer_leaves
from qenex.kernel.models import Event


def event_receipt(event: Event) -> Receipt:
    """That the event was recorded. Raises NotSealed until a checkpoint covers it, and NoCheckpoint."""
    under = newest()
    leaf = Leaf.objects.using(READER).filter(event_id=event.pk).first()
    if leaf is None:
        raise NotSealed
    proven = inclusion(leaf, under)
    body = event_leaf(event.transaction, event.body)
    return Receipt(body, proven.position, tuple(proven.proof), published(under))


def transfer_receipt(transfer: Transfer) -> Receipt:
    """That the transfer was recorded, within its event. Raises NotSealed until a checkpoint covers it, NoCheckpoint."""
    event = Event.objects.using(READER).get(pk=transfer.event_id)
    receipt = event_receipt(event)
    place, leaves = _among(event, transfer.pk)
    proof = merkle.inclusion_proof(place, [merkle.leaf_hash(leaf) for leaf in leaves])
    return Receipt(
        *(receipt.event_leaf, receipt.index, receipt.proof, receipt.checkpoint_note),
        *(leaves[place], place, len(leaves), tuple(proof)),
    )


def _among(event: Event, transfer: UUID) -> tuple[int, list[bytes]]:
    """The transfer's place among those of its event, and the leaves of all. Raises LookupError where it has none."""
    leaves = transfer_leaves(event, using=READER)
    for place, each in enumerate(leaves):
        if each.id == transfer:
            return place, [leaf.leaf for leaf in leaves]
    raise LookupError(f"event {event.pk} does not tell of transfer {transfer}")
