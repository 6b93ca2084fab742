"""Where the tree ends, and where in the event log to go on reading."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from compliance.sealing import reading
from compliance.sealing.edge import Edge
from compliance.sealing.errors import Reason, Refused
from compliance.sealing.turns import Turn

_LAST = "SELECT position, transaction, event_id FROM compliance_leaf ORDER BY position DESC LIMIT 1"
_RESTORED = "SELECT position, horizon FROM compliance_restoration ORDER BY position DESC LIMIT 1"
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class Place:
    """The last event that was sealed, in the order of (transaction, id), and how many were sealed with it."""

    size: int
    transaction: int
    event_id: UUID
    anew: bool = False
    """Whether transaction numbers have begun anew since the tree began: what is ahead may have a leaf already."""


@dataclass(frozen=True, slots=True)
class Head:
    """A tree that is committed, and where to go on."""

    place: Place
    edge: Edge

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return self.place.size


def find(turn: Turn) -> Place:
    """Where the tree ends now."""
    last, restored = turn.row(_LAST), turn.row(_RESTORED)
    size, transaction, event_id = (0, 0, FIRST_ID) if last is None else (last[0] + 1, last[1], last[2])
    if restored is not None and restored[0] == size:
        transaction, event_id = restored[1] - 1, LAST_ID
    return Place(size, transaction, event_id, restored is not None)


def load(place: Place) -> Head:
    """The tree that ends there, from its tiles. Raises Refused where one is missing."""
    try:
        return Head(place, Edge.load(place.size, partial(reading.fetch, using="default")))
    except LookupError as problem:
        raise Refused(Reason.TILE_DIFFERS, str(problem)) from None
