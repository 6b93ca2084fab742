"""The way out where the file outside says something else than a database that agrees with itself."""

from django.conf import settings

from compliance.sealing import extension, guard, heads, reading
from compliance.sealing.errors import ADOPTABLE, NothingToDo, Reason, Refused
from compliance.sealing.guard import Guard
from compliance.sealing.heads import Head
from compliance.sealing.turns import Turn, turn
from qenex.kernel import events

EVERY_TILE = 1 << 62


class Unconfirmed(Exception):
    """The size and the root that were confirmed are not the tree's."""

    def __init__(self, refusal: Refused, size: int, root: str) -> None:
        super().__init__(f"the tree has {size} leaves and the root {root}")
        self.refusal = refusal
        self.size = size
        self.root = root


def guard_adopt(*, reason: str, size: int | None = None, root: str | None = None) -> Guard:
    """Lets the tree in the database count as signed, whatever the file outside says; what it says from now on.

    `size` and `root` (hexadecimal) must be the tree's: nobody adopts what he has not looked at. It is in the event log
    before it counts. Raises Unconfirmed, NothingToDo where nothing is refused, Refused where the database does not even
    agree with itself, Elsewhere, and OSError.
    """
    with turn() as present:
        head = _sound(present)
        refusal = _refusal(head.size)
        found = head.edge.root().hex()
        if (size, root) != (head.size, found):
            raise Unconfirmed(refusal, head.size, found)
        kept = Guard(settings.TRAIL_ORIGIN, head.size, found, extension.cluster(present))
        _record(refusal, kept, reason)
    guard.write(kept)
    return kept


def _sound(present: Turn) -> Head:
    """The tree, every tile of it looked at. Raises Refused."""
    place = heads.find(present)
    extension.check_tiles(present, place.size, EVERY_TILE)
    extension.check_checkpoint(place.size, reading.latest(using="default"))
    extension.check_nothing_skipped(present, place)
    return heads.load(place)


def _refusal(size: int) -> Refused:
    try:
        extension.check_guard(size, guard.read(), reading.latest(using="default"))
    except Refused as refusal:
        if refusal.reason in ADOPTABLE:
            return refusal
        raise
    raise NothingToDo("the file outside agrees with the database: there is nothing to adopt")


def _record(refusal: Refused, kept: Guard, reason: str) -> None:
    data = {"refused": str(Reason(refusal.reason)), "detail": refusal.detail, "size": kept.size, "root": kept.root}
    events.emit(
        "compliance.trail.adopted",
        subject_type="trail",
        subject_id=kept.origin[:64],
        data=data | {"origin": kept.origin, "reason": reason},
    )
