"""Proves the trail of an installation from its events alone; prints what is wrong, as JSON."""

import json
from collections.abc import Iterator
from functools import partial

import django

django.setup()

from compliance.models import Checkpoint, Leaf  # noqa: E402  # models need Django
from compliance.sealing import guard, keys, reading  # noqa: E402  # see above
from compliance.sealing.edge import Edge  # noqa: E402  # see above
from compliance.trail import checkpoint, note  # noqa: E402  # see above
from compliance.trail.entry import event_leaf  # noqa: E402  # see above
from compliance.trail.merkle import CompactRange, leaf_hash  # noqa: E402  # see above
from qenex.kernel.models import Event  # noqa: E402  # see above


def main() -> None:
    """One gap-free history of all events, and every checkpoint a beginning of it."""
    leaves = list(Leaf.objects.order_by("position").values_list("position", "event_id", "hash"))
    events = {
        id: leaf_hash(event_leaf(transaction, bytes(body)))
        for id, transaction, body in Event.objects.values_list("id", "transaction", "body").iterator()
    }
    wrong = [f"position {number} is {row[0]}" for number, row in enumerate(leaves) if row[0] != number]
    wrong += [f"leaf {position} is not its event's" for position, id, own in leaves if events.get(id) != bytes(own)]
    wrong += [f"{len(events)} events, {len(leaves)} leaves"] if len(events) != len(leaves) else []
    wrong += list(_checkpoints([bytes(own) for _, _, own in leaves]))
    print(json.dumps({"sealed": len(leaves), "checkpoints": Checkpoint.objects.count(), "wrong": wrong}))


def _checkpoints(hashes: list[bytes]) -> Iterator[str]:
    tree, vkeys = CompactRange(), keys.vkeys()
    for made in Checkpoint.objects.order_by("size"):
        tree.extend(hashes[tree.size : made.size])
        told = checkpoint.parse(note.parse(made.note).text)
        if (told.size, told.root) != (tree.size, tree.root()) or not any(note.verify(made.note, key) for key in vkeys):
            yield f"checkpoint {made.size} is not of this tree"
    kept = guard.read()
    if kept is None or bytes.fromhex(kept.root) != tree.root():
        yield "the file outside is of another tree"
    if Edge.load(tree.size, partial(reading.fetch, using="default")).root() != tree.root():
        yield "the tiles are of another tree"


if __name__ == "__main__":
    main()
