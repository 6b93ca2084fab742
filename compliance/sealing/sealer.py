"""The sealer: whose turn it is, a round, and a checkpoint where it is time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from compliance.sealing import extension, heads, publishing, reading, rounds
from compliance.sealing.errors import Elsewhere, Overtaken, Uncosigned
from compliance.sealing.heads import Head, Place
from compliance.sealing.publishing import Cosign
from compliance.sealing.turns import Turn, turn

SIGN_SECONDS = 0.2
"""Between two checkpoints at least."""
TAKEOVER_SECONDS = 0.4
"""How long nobody may have moved, with something to do, before one who waits takes over."""
ELSEWHERE_SECONDS = 0.02


class Found(Enum):
    """What a step has found to do."""

    MORE = "more"
    """There is more of it at once."""
    SOME = "some"
    NOTHING = "nothing"
    ELSEWHERE = "elsewhere"
    """Another sealer does it."""


@dataclass(frozen=True, slots=True)
class Standby:
    """What one who waits has seen last, and since when that has not changed."""

    place: Place | None
    since: float


class _Patient(Elsewhere):
    """Another sealer may still be at work."""


class Sealer:
    """Seals and signs while it leads, and takes over from who did.

    There is no office to be held: whoever has the lock for a transaction has the turn. One who finds the tree changed
    by another waits until that one does not move any more, so that two do not read the same in turns.
    """

    def __init__(self, *, cosign: Cosign = publishing.alone, limit: int = rounds.LIMIT) -> None:
        self._cosign, self._limit = cosign, limit
        self._head: Head | None = None
        self._standby: Standby | None = None
        self._signed_at = 0.0
        self.signed_size = 0
        """The newest checkpoint's that this sealer knows of."""
        self.published = 0
        """Checkpoints that it has published itself."""

    @property
    def unsigned(self) -> bool:
        """Whether there are leaves that no checkpoint covers yet."""
        return self._head is not None and self._head.size > self.signed_size

    @property
    def head(self) -> Head | None:
        """The tree as this sealer has left it; none while it waits or before it has looked."""
        return self._head

    def step(self) -> Found:
        """One round, and a checkpoint where it is time.

        Raises Refused, and the errors of the database, the vault, the file outside and the witnesses.
        """
        try:
            found = self._seal()
            if time.monotonic() - self._signed_at >= SIGN_SECONDS:
                self._sign()
        except Overtaken:
            self._head, self._standby = None, Standby(None, time.monotonic())
            return Found.ELSEWHERE
        except _Patient:
            return Found.ELSEWHERE
        except Elsewhere:
            if self._standby:
                self._standby = Standby(self._standby.place, time.monotonic())
            return Found.ELSEWHERE
        except Uncosigned:
            raise
        except BaseException:
            # What the database has made of it is not known.
            self._head = self._standby = None
            raise
        return found

    def finish(self, show: Callable[[int], None] = lambda size: None) -> None:
        """Seals and signs all that is settled, without waiting for others to be idle. Raises as `step`."""
        found = Found.MORE
        while found is not Found.NOTHING or self.unsigned:
            found = self.step()
            self._standby = None
            if self._head:
                show(self._head.size)
            if found is not Found.MORE:
                time.sleep(ELSEWHERE_SECONDS)

    def _seal(self) -> Found:
        with turn() as present:
            place = heads.find(present)
            if self._head is None or self._head.place != place:
                self._take_over(present, place)
            assert self._head is not None
            entries = rounds.settled(present, place, self._limit)
            grown = rounds.append(present, self._head, entries)
        # Not before the commit: a tree that may yet be undone is not signed.
        self._head = grown
        if len(entries) == self._limit:
            return Found.MORE
        return Found.SOME if entries else Found.NOTHING

    def _take_over(self, present: Turn, place: Place) -> None:
        """Loads the tree that another has made, if that one is at rest. Raises Elsewhere where it is not; Refused."""
        if self._head is not None:
            raise Overtaken
        if self._standby is not None and not self._may_take_over(present, self._standby, place):
            raise _Patient
        last = extension.check(present, place).last
        self.signed_size = last.size if last else 0
        self._head, self._standby = heads.load(place), None

    def _may_take_over(self, present: Turn, seen: Standby, place: Place) -> bool:
        if seen.place != place or not _work(present, place):
            self._standby = Standby(place, time.monotonic())
            return False
        return time.monotonic() - seen.since >= TAKEOVER_SECONDS

    def _sign(self) -> None:
        if not self.unsigned:
            return
        assert self._head is not None
        self._signed_at = time.monotonic()
        if publishing.publish(self._head, cosign=self._cosign) is not None:
            self.published += 1
        self.signed_size = self._head.size


def _work(present: Turn, place: Place) -> bool:
    """Whether events wait for a position, or leaves for a signature."""
    last = reading.latest(using="default")
    return (last.size if last else 0) < place.size or bool(rounds.settled(present, place, 1))
