"""Signing a tree that is committed, and making the checkpoint public."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.conf import settings

from compliance.models import Checkpoint, Cosignature
from compliance.sealing import extension, guard, heads, keys
from compliance.sealing.cosignatures import kept
from compliance.sealing.errors import Overtaken
from compliance.sealing.guard import Guard
from compliance.sealing.heads import Head
from compliance.sealing.turns import Turn, turn
from compliance.trail import checkpoint
from qenex.kernel import clock


class Signed(NamedTuple):
    """A checkpoint that was signed and that nobody has seen."""

    size: int
    root: bytes
    note: str
    kid: str


class Cosigned(NamedTuple):
    """A witness's line under a checkpoint."""

    witness: str
    line: str


Cosign = Callable[[Signed], Sequence[Cosigned]]
"""Has witnesses sign a checkpoint. Raises `errors.Uncosigned` where too few do: it is not published then. It is asked
with no lock held but the sealers' own, and before the transaction has a number: it holds no writer and no reader up."""


def alone(signed: Signed) -> Sequence[Cosigned]:
    """Nobody signs beside us."""
    return ()


def publish(head: Head, *, cosign: Cosign = alone) -> Checkpoint | None:
    """Signs the tree, which was committed before, and publishes the checkpoint; none where there is nothing new.

    First the file outside, then the signature, then the database: whoever is killed on the way has signed nothing that
    the next one would contradict. Raises Elsewhere, Refused, ProviderUnavailable, OSError, and what `cosign` raises.
    """
    keys.ready()
    with turn() as present:
        place = heads.find(present)
        if place != head.place:
            raise Overtaken
        last = extension.check_signed(place.size).last
        if not head.size or (last is not None and last.size == head.size):
            return None
        return _publish(present, head, cosign)


def _publish(present: Turn, head: Head, cosign: Cosign) -> Checkpoint:
    root = head.edge.root()
    keep(present, head.size, root)
    now = clock.now()
    said = checkpoint.Checkpoint(settings.TRAIL_ORIGIN, head.size, root, keys.extensions(now))
    note, kid = keys.sign(said.encode())
    cosigned = cosign(Signed(head.size, root, note, kid))
    made = Checkpoint(size=head.size, root=root, note=note, kid=kid, signed_at=now)
    made.save(force_insert=True)
    rows = [kept(head.size, each.witness, each.line) for each in cosigned]
    Cosignature.objects.bulk_create(rows)
    return made


def keep(present: Turn, size: int, root: bytes) -> None:
    """Writes what is signed next, or was signed last, to the file outside. Raises OSError."""
    guard.write(Guard(settings.TRAIL_ORIGIN, size, root.hex(), extension.cluster(present)))
