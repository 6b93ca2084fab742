"""Where events are in the tree, and which checkpoint covers them."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Max, Min

from compliance.models import Checkpoint, Leaf
from compliance.selectors.checkpoints import READER
from compliance.trail import merkle
from compliance.trail.entry import event_leaf
from qenex.kernel.models import Event


class Place(NamedTuple):
    """What is known of an event's proof."""

    computed: bytes
    """The hash of the leaf, from the event's bytes as they are stored now."""
    position: int | None
    """None while the sealer has not come to it."""
    stored: bytes | None
    """The hash that was sealed."""
    checkpoint: Checkpoint | None
    """The first that covers it."""

    @property
    def differs(self) -> bool:
        """Whether the event is not what was sealed."""
        return self.stored is not None and self.stored != self.computed


def place(event: Event) -> Place:
    """The event's place and proof state."""
    computed = merkle.leaf_hash(event_leaf(event.transaction, bytes(event.body)))
    leaf = Leaf.objects.using(READER).filter(event_id=event.pk).first()
    if leaf is None:
        return Place(computed, None, None, None)
    covering = Checkpoint.objects.using(READER).filter(size__gt=leaf.position).order_by("size").first()
    return Place(computed, leaf.position, bytes(leaf.hash), covering)


def positions(events: Iterable[UUID]) -> dict[UUID, int]:
    """The positions of those of the events that have one. One query."""
    rows = Leaf.objects.using(READER).filter(event_id__in=list(events))
    return dict(rows.values_list("event_id", "position"))


def positions_between(since: datetime | None, until: datetime | None, size: int) -> tuple[int, int]:
    """The smallest range of positions that holds every event of that time among the first `size`.

    Positions follow the transactions, not the clock, so that there may be events from just outside in it as well.
    Equal numbers where there is none.
    """
    when = Event.objects.using(READER)
    if since is not None:
        when = when.filter(recorded_at__gte=since)
    if until is not None:
        when = when.filter(recorded_at__lt=until)
    leaves = Leaf.objects.using(READER).filter(position__lt=size, event_id__in=when.values("pk"))
    found = leaves.aggregate(first=Min("position"), last=Max("position"))
    return (0, 0) if found["first"] is None else (found["first"], found["last"] + 1)
