"""Why nothing is sealed or signed. Each reason has a code, a status with which `seal --once` ends, and a way out."""

from enum import StrEnum


class Reason(StrEnum):
    """What was found; the guide says of each what it means and what to do."""

    GUARD_MISSING = "guard_missing"
    GUARD_BROKEN = "guard_broken"
    GUARD_BEHIND = "guard_behind"
    GUARD_AHEAD = "guard_ahead"
    GUARD_DIFFERS = "guard_differs"
    ORIGIN_CHANGED = "origin_changed"
    CHECKPOINT_DIFFERS = "checkpoint_differs"
    TILE_DIFFERS = "tile_differs"
    RESTORED = "restored"
    KEY_UNFIT = "key_unfit"


STATUS = {reason: 10 + number for number, reason in enumerate(Reason)}
"""The exit status of each reason, from 10."""

ADOPTABLE = frozenset(
    {
        *(Reason.GUARD_MISSING, Reason.GUARD_BROKEN, Reason.GUARD_BEHIND),
        *(Reason.GUARD_AHEAD, Reason.GUARD_DIFFERS, Reason.ORIGIN_CHANGED),
    }
)
"""What `seal --adopt` ends: the database agrees with itself, and only the file outside says something else."""


class Refused(Exception):
    """The sealer does not go on; the message says in one line what it has found."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class NothingToDo(Exception):
    """A way out was asked for, and nothing is refused that it would end."""


class Uncosigned(Exception):
    """Too few witnesses have signed a checkpoint: it is not published, and tried again with the next one."""


class Elsewhere(Exception):
    """Another sealer is at work."""


class Overtaken(Elsewhere):
    """Another sealer has gone on since this one looked last."""
